// What a process that has nothing to do keeps of its program.

#include <fstream>
#include <string>

#include "catch.hpp"
#include "os/events.hpp"
#include "os/self.hpp"

namespace {

// Of this program, in KiB, as far as it is mapped in and was not changed.
long mapped_in() {
    std::ifstream maps("/proc/self/smaps");
    long sum = 0;
    bool is_program = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.find("r-xp") != std::string::npos) {
            is_program = line.find("once_os_tests") != std::string::npos;
        }
        if (is_program && line.starts_with("Rss:")) sum += std::stol(line.substr(4));
    }
    return sum;
}

}  // namespace

TEST_CASE("the pages of the program are given back, and there again when they are needed") {
    const long before = mapped_in();
    once::os::shed_program_pages();
    CHECK(mapped_in() < before);
    CHECK(mapped_in() > 0);
}

TEST_CASE("who waits for long gives them back while he waits") {
    using namespace std::chrono_literals;
    once::os::Events events(once::os::Catch::usual);
    const long before = mapped_in();
    (void)events.next(once::Clock::now() + 1100ms);
    CHECK(mapped_in() < before);
    once::os::restore_signals(events.inherited());
}
