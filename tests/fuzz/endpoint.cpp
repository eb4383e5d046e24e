#include "job/endpoint.hpp"

#include "targets.hpp"

namespace once::fuzz {

void endpoint(std::string_view input) {
    const auto parsed = job::parse_endpoint(input);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        demand(!wrong->empty() && wrong->find('\n') == std::string::npos,
               "what is wrong is a line");
        return;
    }
    const auto& endpoint = std::get<job::Endpoint>(parsed);
    const auto is_odd = [](char c) { return c <= ' ' || c == '\x7f'; };
    switch (endpoint.kind) {
        case job::Endpoint::Kind::http:
            demand(endpoint.path.starts_with('/'), "a path begins with /");
            demand(std::none_of(endpoint.path.begin(), endpoint.path.end(), is_odd),
                   "a path can stand in a request");
            [[fallthrough]];
        case job::Endpoint::Kind::tcp:
            demand(endpoint.port != 0, "there is a port");
            demand(!endpoint.host.empty() && endpoint.host.front() != '-', "there is a host");
            demand(std::none_of(endpoint.host.begin(), endpoint.host.end(), is_odd),
                   "a host can stand in a request");
            break;
        case job::Endpoint::Kind::file:
            demand(!endpoint.path.empty(), "there is a file");
            break;
    }
}

}  // namespace once::fuzz
