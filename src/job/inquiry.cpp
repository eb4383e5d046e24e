#include "job/inquiry.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

namespace once::job {
namespace {

constexpr os::Port http_port = 80;
// A status line is short; what is longer is not http.
constexpr std::size_t most_read = 8192;

std::string request_for(const Endpoint& endpoint) {
    // A zone is for us, not for the server (RFC 6874 4).
    const auto host = endpoint.host.substr(0, endpoint.host.find('%'));
    const bool is_v6 = host.find(':') != std::string::npos;
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}{}\r\nUser-Agent: once\r\nAccept: */*\r\nConnection: "
        "close\r\n\r\n",
        endpoint.path, is_v6 ? '[' + host + ']' : host,
        endpoint.port == http_port ? std::string() : fmt::format(":{}", endpoint.port));
}

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

Inquiry::Inquiry(os::Events& events, int token, const Endpoint& endpoint, const std::string& folder)
    : events_(events), token_(token), endpoint_(endpoint) {
    if (endpoint_.kind == Endpoint::Kind::file) {
        look_for_file(folder);
    } else {
        lookup_.emplace(endpoint_.host);
        advance();
    }
}

Inquiry::~Inquiry() { forget(); }

void Inquiry::on_ready() {
    if (is_done_) return;
    if (!lookup_->is_done()) lookup_->on_ready();
    if (connection_) connection_->advance();
    advance();
}

void Inquiry::lose_patience() {
    if (is_done_) return;
    if (!lookup_->is_done()) {
        why_ = "its name is not resolved";
        return finish(false);
    }
    (void)fail_of(is_met_ ? "it accepts, but does not answer" : "it does not answer");
    advance();
}

void Inquiry::look_for_file(const std::string& folder) {
    std::error_code error;
    // Whatever it leads to: a link to nothing is nothing yet.
    const auto file =
        std::filesystem::status(std::filesystem::path(folder) / endpoint_.path, error);
    why_ = file.type() == std::filesystem::file_type::not_found ? "no such file" : error.message();
    finish(std::filesystem::exists(file));
}

// Until it has to wait, or all is known.
void Inquiry::advance() {
    while (!is_done_) {
        switch (step()) {
            case Step::waits:
                return;
            case Step::answered:
                finish(true);
                break;
            case Step::failed:
                if (next_address_ >= lookup_->addresses().size()) finish(false);
                break;
        }
    }
}

Inquiry::Step Inquiry::step() {
    if (!lookup_->is_done()) {
        watch(lookup_->handle(), os::When::readable);
        return Step::waits;
    }
    if (lookup_->addresses().empty()) return fail_of(lookup_->why());
    if (!connection_) return connect();
    switch (connection_->state()) {
        case os::Connection::State::connecting:
            watch(connection_->handle(), os::When::writable);
            return Step::waits;
        case os::Connection::State::failed:
            return fail_of(connection_->why());
        case os::Connection::State::connected:
            break;
    }
    return endpoint_.kind == Endpoint::Kind::tcp ? Step::answered : ask();
}

Inquiry::Step Inquiry::connect() {
    forget();
    if (next_address_ >= lookup_->addresses().size()) return Step::failed;
    connection_.emplace(lookup_->addresses()[next_address_++], endpoint_.port);
    if (endpoint_.kind == Endpoint::Kind::http) request_ = request_for(endpoint_);
    answer_.clear();
    is_met_ = false;
    return step();
}

Inquiry::Step Inquiry::ask() {
    is_met_ = true;
    request_.erase(0, connection_->write(request_));
    if (connection_->state() == os::Connection::State::failed) return fail_of(connection_->why());
    if (!request_.empty()) {
        watch(connection_->handle(), os::When::writable);
        return Step::waits;
    }
    while (auto text = connection_->read(most_read - answer_.size())) {
        answer_ += *text;
        const auto verdict = judge(text->empty() || answer_.size() == most_read);
        if (verdict != Step::waits) return verdict;
    }
    if (connection_->state() == os::Connection::State::failed) return fail_of(connection_->why());
    watch(connection_->handle(), os::When::readable);
    return Step::waits;
}

// What has come so far. `is_whole`: no more will.
Inquiry::Step Inquiry::judge(bool is_whole) {
    while (true) {
        const auto end = answer_.find('\n');
        if (end == std::string::npos) break;
        const int status = status_in(answer_);
        if (status == 0) return fail_of("it does not speak http");
        if (status >= 200) {
            return status < 400 ? Step::answered : fail_of(fmt::format("it answers {}", status));
        }
        // Such as 103, early hints: the real answer stands behind it (RFC 9110 15.2).
        const auto next = answer_.find("\r\n\r\n");
        if (next == std::string::npos) break;
        answer_.erase(0, next + 4);
    }
    if (!is_whole) return Step::waits;
    return fail_of(answer_.empty() ? "it closes the connection without an answer"
                                   : "it does not speak http");
}

// On to the next address. That somebody was there and what he said tells more than that elsewhere
// nobody was.
Inquiry::Step Inquiry::fail_of(std::string why) {
    if (is_met_ || !has_met_somebody_) why_ = std::move(why);
    has_met_somebody_ = has_met_somebody_ || is_met_;
    forget();
    connection_.reset();
    return Step::failed;
}

void Inquiry::watch(const os::Handle& handle, os::When when) {
    forget();
    events_.watch(handle, token_, when);
    watched_ = &handle;
}

void Inquiry::forget() noexcept {
    if (watched_ != nullptr && *watched_) events_.forget(*watched_);
    watched_ = nullptr;
}

void Inquiry::finish(bool has_answered) {
    is_done_ = true;
    has_answered_ = has_answered;
    forget();
    connection_.reset();
}

}  // namespace once::job
