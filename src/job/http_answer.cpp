#include "job/http_answer.hpp"

#include <fmt/format.h>

#include <charconv>

namespace once::job {
namespace {

// A status line is short; what is longer is not http.
constexpr std::size_t most_read = 8192;

// The number in `HTTP/1.1 200 OK`; 0 if it is no such line.
int status_in(std::string_view line) {
    constexpr std::string_view start = "HTTP/1.";
    constexpr std::size_t before = start.size() + 2;
    int status = 0;
    if (!line.starts_with(start) || line.size() < before + 3 || line[before - 1] != ' ') return 0;
    const char* const end = line.data() + before + 3;
    const auto [stop, error] = std::from_chars(line.data() + before, end, status);
    return error == std::errc() && stop == end && status >= 100 ? status : 0;
}

}  // namespace

HttpAnswer::Verdict HttpAnswer::take(std::string_view part) {
    text_ += part;
    size_ += part.size();
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
        const int status = status_in(std::string_view(text_).substr(0, end));
        if (status == 0) return refuse("it does not speak http");
        if (status >= 400) return refuse(fmt::format("it answers {}", status));
        if (status >= 200) return Verdict::good;
        // Such as 103, early hints: the real answer stands behind it (RFC 9110 15.2).
        const auto next = text_.find("\r\n\r\n");
        if (next == std::string::npos) break;
        text_.erase(0, next + 4);
    }
    if (!part.empty() && size_ < most_read) return Verdict::open;
    return refuse(size_ == 0 ? "it closes the connection without an answer"
                             : "it does not speak http");
}

HttpAnswer::Verdict HttpAnswer::refuse(std::string why) {
    why_ = std::move(why);
    return Verdict::bad;
}

}  // namespace once::job
