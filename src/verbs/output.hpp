#pragma once

#include <optional>
#include <string>

#include "base/journal.hpp"
#include "os/pipe.hpp"

namespace once::verbs {

/// What a job in the background writes, on its way into a log.
class Output {
public:
    explicit Output(JournalPlan plan) : plan_(std::move(plan)) {}

    [[nodiscard]] os::Pipe& pipe() { return pipe_; }
    [[nodiscard]] const os::Pipe& pipe() const { return pipe_; }
    [[nodiscard]] const std::string& path() const { return plan_.path; }

    /// Opens the log; throws a Failure that names it. Until then nothing may be written.
    void open() { journal_.emplace(plan_); }
    [[nodiscard]] Journal& journal() { return *journal_; }

    /// All that has been written by now. Nobody of the job is left who could write more.
    void drain() {
        while (const auto bytes = pipe_.next()) journal_->take(*bytes);
        journal_->finish();
    }

private:
    JournalPlan plan_;
    os::Pipe pipe_;
    std::optional<Journal> journal_;
};

}  // namespace once::verbs
