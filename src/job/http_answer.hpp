#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace once::job {

/// What an http server says, as it arrives: its status is all that is asked for. It is read up to a
/// bound, so that a server that never comes to the point is one that does not speak http.
class HttpAnswer {
public:
    enum class Verdict {
        open,  ///< more has to come
        good,  ///< a status below 400
        bad    ///< why() tells
    };

    /// The next part of it; an empty one is its end.
    Verdict take(std::string_view part);

    [[nodiscard]] const std::string& why() const { return why_; }

private:
    Verdict refuse(std::string why);

    std::string text_;      // without the early answers that have been passed over
    std::size_t size_ = 0;  // with them
    std::string why_;
};

}  // namespace once::job
