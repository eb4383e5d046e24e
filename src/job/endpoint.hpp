#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "os/sockets.hpp"

namespace once::job {

/// Something that can be asked whether it is there: `tcp:HOST:PORT`, `http://HOST[:PORT][/PATH]` or
/// `file:PATH`. What it holds can be put into a request as it is.
struct Endpoint {
    enum class Kind { tcp, http, file };
    Kind kind = Kind::tcp;
    std::string text;   ///< as it was given
    std::string host;   ///< of tcp and http, without brackets
    os::Port port = 0;  ///< of tcp and http
    std::string path;   ///< of a file; of http with its query, from the first `/`
};

/// Or what is wrong with it, and what is accepted, in one line.
std::variant<Endpoint, std::string> parse_endpoint(std::string_view text);

}  // namespace once::job
