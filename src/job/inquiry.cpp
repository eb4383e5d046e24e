#include "job/inquiry.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace once::job {
namespace {

constexpr os::Port http_port = 80;
constexpr std::size_t part_size = 4096;

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
    answer_ = {};
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
    while (const auto text = connection_->read(part_size)) {
        switch (answer_.take(*text)) {
            case HttpAnswer::Verdict::open:
                break;
            case HttpAnswer::Verdict::good:
                return Step::answered;
            case HttpAnswer::Verdict::bad:
                return fail_of(answer_.why());
        }
    }
    if (connection_->state() == os::Connection::State::failed) return fail_of(connection_->why());
    watch(connection_->handle(), os::When::readable);
    return Step::waits;
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
