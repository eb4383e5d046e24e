#include <signal.h>

#include <filesystem>
#include <limits>

#include "base/journal.hpp"
#include "catch.hpp"
#include "child.hpp"
#include "os/events.hpp"
#include "os/file_watch.hpp"
#include "verbs/log_reader.hpp"

namespace fs = std::filesystem;
using namespace once;
using namespace once::test;
using verbs::LogReader;

namespace {

constexpr auto all = std::numeric_limits<std::uint64_t>::max();

std::string numbered(int first, int last) {
    std::string text;
    for (int i = first; i <= last; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
}

std::string all_of(LogReader& reader) {
    std::string text;
    for (auto part = reader.next(); !part.empty(); part = reader.next()) text += part;
    return text;
}

// What a reader finds that begins so many lines before the end.
std::string last(const std::string& path, std::uint64_t lines) {
    auto reader = LogReader::open(path, lines, LogReader::Until::now);
    REQUIRE(reader);
    auto text = all_of(*reader);
    return text.append(reader->rest());
}

LogReader following(const std::string& path, std::uint64_t lines = all) {
    auto reader = LogReader::open(path, lines, LogReader::Until::for_ever);
    REQUIRE(reader);
    return std::move(*reader);
}

void rotate(const std::string& path, std::size_t keep) {
    for (auto i = keep; i > 0; --i) {
        if (fs::exists(rotated_path(path, i - 1))) {
            fs::rename(rotated_path(path, i - 1), rotated_path(path, i));
        }
    }
    put_text(path, "");
}

// Checks numbered lines as they come: each whole, none twice, none out of order.
class Counter {
public:
    void take(std::string_view text) {
        while (!text.empty()) {
            const auto end = text.find('\n');
            REQUIRE(end != std::string_view::npos);
            const auto line = std::string(text.substr(0, end));
            text.remove_prefix(end + 1);
            const auto number = std::stoi(line);
            const bool is_whole = line == line_of(number);
            if (!is_whole || number <= last_) FAIL("'" << line << "' after " << last_);
            missing_ += number - last_ - 1;
            last_ = number;
        }
    }
    // 80 bytes with its end.
    static std::string line_of(int number) {
        auto text = std::to_string(number);
        return text + std::string(79 - text.size(), '.');
    }
    [[nodiscard]] int last() const { return last_; }
    [[nodiscard]] int missing() const { return missing_; }

private:
    int last_ = 0;
    int missing_ = 0;
};

// Writes so many lines as fast as it can, in pieces of a pipe's size.
Child::Story writer_of(const JournalPlan& plan, int lines) {
    return [plan, lines](Line& parent) {
        Journal journal(plan);
        parent.tell();
        (void)parent.listen();
        std::string piece;
        for (int i = 1; i <= lines; ++i) {
            piece.append(Counter::line_of(i)).append(1, '\n');
            if (piece.size() < (64U << 10U)) continue;
            journal.take(std::string_view(piece).substr(0, 64U << 10U));
            piece.erase(0, 64U << 10U);
        }
        journal.take(piece);
        return 0;
    };
}

struct Found {
    Counter lines;
    bool has_gap = false;
};

// Reads with a writer at work, from its first line to its last.
Found read_all_of(const JournalPlan& plan, int lines) {
    Found found;
    Child writer(writer_of(plan, lines));
    (void)writer.line().listen();
    auto reader = following(plan.path);
    os::Events events(os::Catch::usual);
    const os::FileWatch watch(fs::path(plan.path).parent_path());
    const auto process = os::Process::open(writer.id());
    REQUIRE(process);
    events.watch(watch.handle(), 1);
    events.watch(process->handle(), 2);
    writer.line().tell();
    while (true) {
        const bool has_ended = !os::is_alive(process->id());
        watch.drain();
        for (auto part = reader.next(); !part.empty(); part = reader.next()) {
            found.has_gap = reader.take_gap() || found.has_gap;
            found.lines.take(part);
        }
        if (has_ended) break;
        (void)events.next(std::nullopt);
    }
    os::restore_signals(events.inherited());
    CHECK(reader.rest().empty());
    CHECK(writer.reap() == Ending::exited(0));
    return found;
}

}  // namespace

TEST_CASE("the last lines of a log are as many as were asked for, or all that there are") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    put_text(path, numbered(1, 100));
    CHECK(last(path, 0).empty());
    CHECK(last(path, 1) == numbered(100, 100));
    CHECK(last(path, 20) == numbered(81, 100));
    CHECK(last(path, 100) == numbered(1, 100));
    CHECK(last(path, 101) == numbered(1, 100));
    CHECK(last(path, all) == numbered(1, 100));
    put_text(path, "");
    CHECK(last(path, 20).empty());
    put_text(path, "\n\n\n");
    CHECK(last(path, 2) == "\n\n");
}

TEST_CASE("a last line without an end is one too") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    put_text(path, "one\ntwo\nthr");
    CHECK(last(path, 1) == "thr\n");
    CHECK(last(path, 2) == "two\nthr\n");
    CHECK(last(path, all) == "one\ntwo\nthr\n");
    put_text(path, "thr");
    CHECK(last(path, 5) == "thr\n");
}

TEST_CASE("the last lines of a log go back into its rotated files") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    put_text(folder.path("app.2.log"), numbered(1, 10));
    put_text(folder.path("app.1.log"), numbered(11, 20));
    put_text(path, numbered(21, 25));
    CHECK(last(path, 5) == numbered(21, 25));
    CHECK(last(path, 6) == numbered(20, 25));
    CHECK(last(path, 15) == numbered(11, 25));
    CHECK(last(path, 16) == numbered(10, 25));
    CHECK(last(path, all) == numbered(1, 25));
}

TEST_CASE("lines that are larger than what is read at once are found all the same") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    const std::string large(700'000, 'x');
    put_text(path, "one\n" + large + "\n" + large + "\nlast\n");
    CHECK(last(path, 1) == "last\n");
    CHECK(last(path, 2) == large + "\nlast\n");
    CHECK(last(path, all) == "one\n" + large + "\n" + large + "\nlast\n");
}

TEST_CASE("a log that is not there is told from an empty one") {
    const OwnFolder folder;
    CHECK_FALSE(LogReader::open(folder.path("app.log"), 20, LogReader::Until::now));
    CHECK(failure_of([&] { (void)LogReader::open(folder.path(), 20, LogReader::Until::now); }) ==
          "125: cannot read '" + folder.path() + "': it is no plain file");
}

TEST_CASE("who follows a log gets a line when it has its end") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log")});
    journal.take("one\n");
    auto reader = following(journal.path());
    CHECK(all_of(reader) == "one\n");
    put_text(folder.path("app.log"), "one\ntw");
    CHECK(all_of(reader).empty());
    put_text(folder.path("app.log"), "one\ntwo\nthree\nfo");
    CHECK(all_of(reader) == "two\nthree\n");
    CHECK(reader.rest() == "fo\n");
    CHECK(all_of(reader).empty());
}

TEST_CASE("who follows a log goes through all files that were rotated meanwhile") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log"), .max_size = 100, .keep = 50});
    journal.take(numbered(1, 5));
    auto reader = following(journal.path(), 2);
    CHECK(all_of(reader) == numbered(4, 5));
    journal.take(numbered(6, 200));
    CHECK(all_of(reader) == numbered(6, 200));
    journal.take(numbered(201, 201));
    CHECK(all_of(reader) == numbered(201, 201));
    CHECK_FALSE(reader.take_gap());
}

TEST_CASE("who follows a log finds its way in the middle of a rotation") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    put_text(path, "one\n");
    auto reader = following(path);
    CHECK(all_of(reader) == "one\n");
    rotate(path, 5);
    put_text(path, "two\n");
    rotate(path, 5);
    put_text(path, "three\n");
    // The next rotation has come as far as the first one of these two.
    fs::rename(folder.path("app.2.log"), folder.path("app.3.log"));
    CHECK(all_of(reader) == "two\nthree\n");
    fs::rename(folder.path("app.1.log"), folder.path("app.2.log"));
    fs::rename(path, folder.path("app.1.log"));
    CHECK(all_of(reader).empty());
    CHECK(last(path, all) == "one\ntwo\nthree\n");
    put_text(path, "four\n");
    CHECK(all_of(reader) == "four\n");
    CHECK_FALSE(reader.take_gap());
}

TEST_CASE("who follows a log that was rotated away unread hears of it, and gets what is left") {
    const OwnFolder folder;
    Journal journal({.path = folder.path("app.log"), .max_size = 100, .keep = 2});
    journal.take(numbered(1, 5));
    auto reader = following(journal.path());
    CHECK(reader.next() == numbered(1, 5));
    journal.take(numbered(6, 200));
    CHECK(reader.next() == numbered(6, 13));  // in the file that it has open
    CHECK_FALSE(reader.take_gap());
    const auto text = std::string(reader.next());
    CHECK(reader.take_gap());
    CHECK_FALSE(reader.take_gap());
    CHECK(text + all_of(reader) == text_of(folder.path("app.2.log")) +
                                       text_of(folder.path("app.1.log")) +
                                       text_of(folder.path("app.log")));
    CHECK_FALSE(reader.take_gap());
}

TEST_CASE("a file that was opened in time is read to its end, though it is gone") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    put_text(path, numbered(1, 3));
    auto reader = following(path, 1);
    CHECK(reader.next() == numbered(3, 3));
    put_text(path, numbered(1, 4));
    rotate(path, 1);
    put_text(path, numbered(5, 5));
    CHECK(reader.next() == numbered(4, 4));  // and has found the next one
    rotate(path, 1);
    put_text(path, numbered(6, 6));
    CHECK(reader.next() == numbered(5, 5));
    CHECK(all_of(reader) == numbered(6, 6));
    CHECK_FALSE(reader.take_gap());
}

TEST_CASE("who follows a log that somebody empties goes on from its beginning") {
    const OwnFolder folder;
    const auto path = folder.path("app.log");
    put_text(path, numbered(1, 3));
    auto reader = following(path);
    CHECK(all_of(reader) == numbered(1, 3));
    put_text(path, "new\n");
    CHECK(all_of(reader) == "new\n");
    CHECK(reader.take_gap());
}

TEST_CASE("a log that is written and rotated at full speed is read without a loss") {
    const OwnFolder folder;
    const int lines = 500'000;  // 40 MB, in more than a hundred files
    const auto found =
        read_all_of({.path = folder.path("app.log"), .max_size = 256U << 10U, .keep = 500}, lines);
    CHECK(found.lines.last() == lines);
    CHECK(found.lines.missing() == 0);
    CHECK_FALSE(found.has_gap);
    CHECK(fs::exists(folder.path("app.100.log")));
}

TEST_CASE("a log that is rotated faster than it is read loses lines, and says so") {
    const OwnFolder folder;
    const int lines = 100'000;
    for (const std::size_t keep : {0U, 1U}) {
        const auto path = folder.path("app" + std::to_string(keep) + ".log");
        const auto found = read_all_of({.path = path, .max_size = 4000, .keep = keep}, lines);
        CHECK(found.lines.last() == lines);
        CHECK((found.lines.missing() == 0 || found.has_gap));
    }
}
