#include "verbs/logs.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/failure.hpp"
#include "claim/description.hpp"
#include "claim/holdings.hpp"
#include "os/events.hpp"
#include "os/file_watch.hpp"
#include "os/output.hpp"
#include "os/process.hpp"
#include "verbs/log_reader.hpp"
#include "verbs/missing.hpp"

namespace once::verbs {
namespace {

struct Log {
    std::string path;
    std::optional<os::Process> writer;  // the `once` of the job, if it still runs
};

// Nothing if there is none, which is said then.
std::optional<Log> find_log(const std::string& target, const Voice& voice) {
    const auto holdings = claim::read_holdings([&](const std::string& line) { voice.say(line); });
    const auto* held = claim::the_one_meant(holdings, target);
    if (held == nullptr) {
        if (auto path = log_left_by(target)) return Log{std::move(*path), std::nullopt};
        voice.say(fmt::format(
            "there is no log of '{}': once --detach makes one, and nobody started so holds it",
            target));
        return std::nullopt;
    }
    const auto& record = held->record;
    if (record.log.empty()) {
        voice.say(
            fmt::format("{} has no log: it was started without --detach, and writes to where "
                        "it was started",
                        claim::describe(record)));
        return std::nullopt;
    }
    const bool is_here = claim::is_readable_here(record);
    return Log{record.log, is_here ? os::Process::open(record.once) : std::nullopt};
}

void print(LogReader& reader, const Voice& voice) {
    while (true) {
        const auto text = reader.next();
        if (reader.take_gap()) {
            voice.say("lines may be lost here: the log was rotated faster than it was read");
        }
        if (text.empty()) return;
        os::write_out(text);
    }
}

void follow(LogReader& reader, Log& log, const Voice& voice) {
    constexpr int file_token = 1;
    constexpr int writer_token = 2;
    constexpr int reader_token = 3;
    os::Events events(os::Catch::usual);
    // There is nothing to tidy up, so signals may end us at any moment: also while nobody reads
    // what we write.
    os::restore_signals(events.inherited());
    const os::FileWatch files(log.path.substr(0, log.path.rfind('/') + 1));
    const auto hang_up = os::stdout_hang_up();
    events.watch(files.handle(), file_token);
    if (log.writer) events.watch(log.writer->handle(), writer_token);
    if (hang_up) events.watch(hang_up, reader_token);
    while (true) {
        // Asked first: what is found after its end is all that there is.
        const bool has_ended = !log.writer || !os::is_alive(log.writer->id());
        files.drain();
        print(reader, voice);
        if (has_ended) return;
        const auto event = events.next(std::nullopt);
        const auto* ready = std::get_if<os::Ready>(&event);
        if (ready != nullptr && ready->token == reader_token) return;
    }
}

}  // namespace

Ending logs(const LogsRequest& wish, const Voice& voice) {
    auto log = find_log(wish.target, voice);
    if (!log) return Ending::exited(1);
    const bool goes_on = wish.follow && log->writer;
    auto reader = LogReader::open(log->path, wish.lines,
                                  goes_on ? LogReader::Until::for_ever : LogReader::Until::now);
    if (!reader) {
        voice.say(fmt::format("the log of '{}' is gone: {}", wish.target, printable(log->path)));
        return Ending::exited(1);
    }
    if (goes_on) {
        follow(*reader, *log, voice);
    } else {
        print(*reader, voice);
    }
    if (wish.lines > 0 || goes_on) os::write_out(reader->rest());
    return Ending::exited(0);
}

}  // namespace once::verbs
