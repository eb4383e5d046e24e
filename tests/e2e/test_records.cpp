// Records that lie: damaged, foreign, from the future, or of a process that is another one by now.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "aftermath.hpp"
#include "holding.hpp"
#include "isolation.hpp"
#include "surroundings.hpp"

using namespace once::test;

namespace {

namespace fs = std::filesystem;

void overwrite(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    REQUIRE(file);
}

/// A record as once writes it, taken from a holder that has ended since.
struct Specimen {
    fs::path path;
    std::string text;
};

Specimen specimen(Scenario& scene) {
    const auto holder = hold(scene, {"-n", "x"});
    const fs::path path = state_file(scene, ".json");
    wait_until_inscribed(scene, holder);
    const std::string text = scene.read_file(path);
    holder.once.signal(SIGTERM);
    (void)holder.once.wait_ending();
    CHECK_FALSE(fs::exists(path));
    return {path, text};
}

std::string id_text(pid_t pid, unsigned long long started) {
    return "{\"pid\":" + std::to_string(pid) + ",\"start\":" + std::to_string(started) + "}";
}

/// The three who matter are this process.
std::string naming(std::string text, const std::string& id) {
    for (const char* who : {"once", "keeper", "leader"}) text = with_json_value(text, who, id);
    return text;
}

/// Somebody who would say so if he got any signal.
struct Innocent {
    explicit Innocent(Scenario& scene)
        : running(scene.launch({"actor", "print-signals"})), pid(running.ready_pid()) {}

    std::string true_id() const { return id_text(pid, process(pid)->started); }
    void check_untouched() const {
        CHECK(alive(pid));
        CHECK(running.signal(SIGTERM));  // ours is the first that it gets
        CHECK(running.wait_ending() == exited(0));
        CHECK_THAT(running.stdout_text(),
                   has("signals 1\n") && has("SIGTERM from " + std::to_string(getpid())));
    }

    Running running;
    pid_t pid;
};

/// A process that is gone again, and its pid.
pid_t spend_a_pid() {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) _exit(0);
    REQUIRE(waitpid(pid, nullptr, 0) == pid);
    return pid;
}

/// A process that stays if its pid is one of these; else 0.
pid_t fork_one_of(const std::set<pid_t>& wanted) {
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        if (!wanted.contains(getpid())) _exit(0);
        for (;;) pause();
    }
    if (wanted.contains(pid)) return pid;
    REQUIRE(waitpid(pid, nullptr, 0) == pid);
    return 0;
}

}  // namespace

TEST_CASE("a damaged record is reported and treated as absent", "[records]") {
    Scenario scene;
    const auto real = specimen(scene);
    const std::string half = real.text.substr(0, real.text.size() / 2);
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("[]"), std::string("null"), half,
          std::string("\0\xff\xfe", 3), std::string(100'000, '['), std::string(2'000'000, ' '),
          with_json_value(real.text, "once", "7"), with_json_value(real.text, "folder", "[]"),
          with_json_value(real.text, "command", "[]"),
          with_json_value(real.text, "session", "1e99"), with_json_value(real.text, "begun", "-1"),
          with_json_value(real.text, "ports", "[0]"),
          with_json_value(real.text, "stop_timeout_ms", "\"x\"")}) {
        INFO(text.substr(0, 100));
        overwrite(real.path, text);
        const auto next = scene.run({"once", "-n", "x", "--", "sh", "-c", "exit 4"});
        CHECK(next.ending == exited(4));
        CHECK_THAT(next.stderr_text, has("once: the record '" + real.path.string() + "'"));
        CHECK(count(next.stderr_text, "\n") == 1);
    }
}

TEST_CASE("a record of a future schema is reported, and none of it believed", "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto real = specimen(scene);
    overwrite(real.path, with_json_value(naming(real.text, innocent.true_id()), "schema", "1000"));
    const auto next = scene.run({"once", "-n", "x", "--", "sh", "-c", "exit 4"});
    CHECK(next.ending == exited(4));
    CHECK_THAT(next.stderr_text, has("another version"));
    innocent.check_untouched();
}

TEST_CASE("a record of another boot is reported, and its processes are not signalled",
          "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto real = specimen(scene);
    overwrite(real.path, with_json_value(naming(real.text, innocent.true_id()), "boot",
                                         "\"00000000-0000-0000-0000-000000000000\""));
    const auto next = scene.run({"once", "-n", "x", "--", "sh", "-c", "exit 4"});
    CHECK(next.ending == exited(4));
    CHECK_THAT(next.stderr_text, has("record"));
    innocent.check_untouched();
}

TEST_CASE("a record of another pid namespace is reported, and its processes are not signalled",
          "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto real = specimen(scene);
    overwrite(real.path, with_json_value(naming(real.text, innocent.true_id()), "pid_namespace",
                                         "1234567890"));
    const auto next = scene.run({"once", "-n", "x", "--", "sh", "-c", "exit 4"});
    CHECK(next.ending == exited(4));
    CHECK_THAT(next.stderr_text, has("record"));
    innocent.check_untouched();
}

TEST_CASE("a process that has a holder's pid but not its start time is not signalled",
          "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto real = specimen(scene);
    for (const char* policy : {"--replace", "--reuse", "--refuse", "--wait"}) {
        overwrite(real.path,
                  naming(real.text, id_text(innocent.pid, process(innocent.pid)->started - 1)));
        CHECK(scene.run({"once", policy, "-n", "x", "--", "sh", "-c", "exit 4"}).ending ==
              exited(4));
    }
    innocent.check_untouched();
}

TEST_CASE("a record that names a process which is no once makes nobody signal it", "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto real = specimen(scene);
    overwrite(real.path, naming(real.text, innocent.true_id()));
    const auto next = scene.run({"once", "-n", "x", "--", "true"});
    CHECK((next.ending == exited(0) || next.ending == exited(75)));
    innocent.check_untouched();
}

TEST_CASE("who is named in place of the once that has the lock is not asked to end", "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto holder = hold(scene, {"-n", "x"});
    wait_until_inscribed(scene, holder);
    const auto path = state_file(scene, ".json");
    overwrite(path, with_json_value(scene.read_file(path), "once", innocent.true_id()));
    for (const Command& command : {Command{"once", "stop", "x"}, Command{"once", "restart", "x"},
                                   Command{"once", "-n", "x", "--", "true"}}) {
        const auto told = scene.run(command);
        INFO(told.stderr_text);
        CHECK((told.ending == exited(75) || told.ending == exited(69)));
        CHECK_FALSE(holder.once.ended());
    }
    innocent.check_untouched();
}

TEST_CASE("who is named in place of the keeper of a job is not signalled, and the job ends",
          "[records]") {
    Scenario scene;
    for (const Command& command : {Command{"once", "stop", "x"}, Command{"once", "restart", "x"},
                                   Command{"once", "-n", "x", "--", "true"}}) {
        const Innocent innocent(scene);
        const auto holder = hold(scene, {"-n", "x", "--stop-timeout", "10ms"});
        wait_until_inscribed(scene, holder);
        const auto path = state_file(scene, ".json");
        overwrite(path, with_json_value(scene.read_file(path), "keeper", innocent.true_id()));
        const auto told = scene.run(command);
        INFO(told.stderr_text);
        CHECK((told.ending == exited(0) || told.ending == exited(75)));
        holder.once.signal(SIGTERM);  // a restart has left it there
        (void)holder.once.wait_ending();
        innocent.check_untouched();
    }
    await_nothing_left(scene);
}

TEST_CASE("what a crashed job left is swept although its record names others", "[records]") {
    Scenario scene;
    const Innocent innocent(scene);
    const auto crashed = hold_with_child(scene, {"-n", "x", "--stop-timeout", "10ms"});
    const auto path = state_file(scene, ".json");
    kill_both(crashed);
    overwrite(path, with_json_value(scene.read_file(path), "keeper", innocent.true_id()));
    CHECK(scene.run({"once", "-n", "x", "--", "true"}).ending == exited(0));
    innocent.check_untouched();
    await_nothing_left(scene);
}

TEST_CASE("a record without a lock is nobody's: the lock decides", "[records]") {
    Scenario scene;
    const auto real = specimen(scene);
    overwrite(real.path, real.text);
    const auto next = scene.run({"once", "--refuse", "-n", "x", "--", "sh", "-c", "exit 4"});
    CHECK(next.ending == exited(4));
    CHECK(next.stderr_text.empty());
    CHECK_FALSE(fs::exists(real.path));
}

TEST_CASE("a lock of which nothing tells the holder is held: 75, with the way to find out by whom",
          "[records]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto path = state_file(scene, ".json");
    const auto lock = state_file(scene, "name-x.lock");
    wait_until_inscribed(scene, holder);
    for (const bool is_damaged : {true, false}) {
        if (is_damaged) overwrite(path, "{");
        if (!is_damaged) fs::remove(path);
        overwrite(lock, is_damaged ? "{" : "");
        std::vector<Running> launches;
        for (const char* policy : {"--replace", "--refuse", "--reuse"}) {
            launches.push_back(scene.launch({"once", policy, "-n", "x", "--", "true"}));
        }
        for (const Running& refused : launches) {
            CHECK(refused.wait_ending() == exited(75));
            CHECK_THAT(refused.stderr_text(), has("name 'x' is locked by") && has("lslocks"));
        }
    }
    CHECK(alive(holder.leader));
}

TEST_CASE("pids that are used again do not make once signal an innocent process", "[records]") {
    constexpr const char* setting = "/proc/sys/kernel/pid_max";
    const std::string before = whole_file(setting);
    const bool is_small = isolated() && [] {
        std::ofstream file(setting);
        return static_cast<bool>(file << "400" << std::flush);
    }();
    if (!is_small) {
        WARN("not proven here: pid_max is not this pid namespace's own, or cannot be written");
        return;
    }
    // The kernel counts on from 300 when it comes round: nobody below that is met again.
    while (spend_a_pid() <= 300) continue;
    {
        Scenario scene;
        const auto holder = hold(scene, {"-n", "x"});
        const pid_t keeper = parent_of(holder.leader);
        for (const int number : {SIGSTOP, SIGKILL}) {
            for (const pid_t pid : {holder.once.pid(), keeper}) REQUIRE(kill(pid, number) == 0);
        }
        (void)holder.once.wait_ending();
        const std::set<pid_t> wanted{holder.once.pid(), keeper, holder.leader};
        eventually([&] { return !process(keeper) && !process(holder.leader); }, "all are gone");
        std::set<pid_t> innocents;
        for (int tries = 0; innocents.size() < wanted.size() && tries < 1000; ++tries) {
            const pid_t pid = fork_one_of(wanted);
            if (pid != 0) innocents.insert(pid);
        }
        CHECK(innocents == wanted);
        const auto next = hold(scene, {"-n", "x"});
        CHECK(scene.run({"once", "-n", "x", "--refuse", "--", "true"}).ending == exited(75));
        for (const pid_t pid : innocents) {
            CHECK(alive(pid));
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, nullptr, 0);
        }
    }
    std::ofstream(setting) << before;
}
