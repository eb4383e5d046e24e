// What can be held once, by whom, and what each policy makes of a holder.

#include <signal.h>

#include <filesystem>

#include "holding.hpp"

using namespace once::test;

TEST_CASE("a second launch on the same port replaces the first, and both say so",
          "[slots][replace]") {
    Scenario scene;
    const auto first = hold_port(scene);
    const auto second = hold_port(scene);
    CHECK(first.once.wait_ending() == killed_by(SIGTERM));
    CHECK_THAT(first.once.stderr_text(),
               has("once: replaced by 'actor lock") && has(pid_text(second.once.pid())));
    CHECK_THAT(second.once.stderr_text(),
               has("once: replaced 'actor lock") && has(pid_text(first.once.pid())));
    CHECK(count(first.once.stderr_text(), "\n") == 1);
    CHECK(count(second.once.stderr_text(), "\n") == 1);
    CHECK(listener_pids(scene.port()) == std::vector<pid_t>{second.leader});
}

TEST_CASE("the option --replace is what happens without it", "[slots][replace]") {
    Scenario scene;
    const auto first = hold(scene, {"-n", "x"});
    (void)hold(scene, {"-n", "x", "--replace"});
    CHECK(first.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("another port, another name: another slot", "[slots]") {
    Scenario scene;
    const Command wait{"actor", "ignore-term"};
    std::vector<Running> all;
    for (const Command& slot : std::vector<Command>{{"-p", scene.port()},
                                                    {"-p", scene.another_port()},
                                                    {"-n", "x"},
                                                    {"-n", "X"},
                                                    {"-n", "x" + std::to_string(scene.port())}}) {
        Command options{"--refuse", "--stop-timeout", "0"};
        options.insert(options.end(), slot.begin(), slot.end());
        all.push_back(scene.launch(with_options(options, wait)));
        (void)all.back().ready_pid();
    }
    for (const Running& one : all) CHECK_FALSE(one.ended());
}

TEST_CASE("a name is held whatever the command and the port are", "[slots]") {
    Scenario scene;
    const auto first = hold_port(scene, {"-n", "x"});
    const auto refused = scene.run({"once", "-n", "x", "--refuse", "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_THAT(refused.stderr_text, has("name 'x' is held by"));
    const auto also = scene.run({"once", "-p", scene.port(), "--refuse", "--", "true"});
    CHECK(also.ending == exited(75));
    CHECK_THAT(also.stderr_text, has("port " + std::to_string(scene.port()) + " is held by"));
}

TEST_CASE("without a port or a name the slot is the folder with the command line", "[slots]") {
    Scenario scene;
    const auto first = hold(scene, {});
    CHECK(scene.run(with_options({"--refuse"}, job(scene))).ending == exited(75));
    CHECK(scene.run({"once", "--refuse", "--", "actor", "exit", 5}).ending == exited(5));
    CHECK(scene.run({"once", "--refuse", "--", "actor", "exit", 5, ""}).ending == exited(5));
    const auto elsewhere = scene.run(with_options({"--refuse"}, job(scene)),
                                     {.folder = scene.another_folder("elsewhere")});
    CHECK(elsewhere.ending == exited(99));  // it ran: the actor says that another one does
    CHECK(alive(first.leader));
}

TEST_CASE("words of a command line that read the same in one line are not the same", "[slots]") {
    Scenario scene;
    const auto first = scene.launch({"once", "--", "actor", "lock", "one", scene.port(), "a b"});
    first.wait_for_output("listening");
    const auto other =
        scene.run({"once", "--refuse", "--", "actor", "lock", "one", scene.port(), "a", "b"});
    CHECK(other.ending == exited(99));
}

TEST_CASE("a folder is itself by whichever way one gets there", "[slots]") {
    Scenario scene;
    const auto first = hold(scene, {"-n", "x"});
    const auto link = scene.folder().parent_path() / "link";
    std::filesystem::create_directory_symlink(scene.folder(), link);
    const auto second = hold(scene, {"-n", "x"}, {.folder = link});
    CHECK(first.once.wait_ending() == killed_by(SIGTERM));
    (void)hold(scene, {"-n", "x", "-C", link}, {.folder = scene.another_folder("elsewhere")});
    CHECK(second.once.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("a holder from another folder is left alone, and named with how to end it",
          "[slots][replace]") {
    Scenario scene;
    const auto holder = hold(scene, {"-n", "x"});
    const auto elsewhere = scene.another_folder("elsewhere");
    for (const char* policy : {"--replace", "--reuse", "--refuse"}) {
        const auto refused =
            scene.run({"once", policy, "-n", "x", "--", "true"}, {.folder = elsewhere});
        CHECK(refused.ending == exited(75));
        CHECK_THAT(refused.stderr_text, has("name 'x' is held by 'actor lock") &&
                                            has(pid_text(holder.once.pid())) &&
                                            has(" in " + scene.folder().string() + ","));
    }
    const auto refused = scene.run({"once", "-n", "x", "--", "true"}, {.folder = elsewhere});
    CHECK_THAT(refused.stderr_text, has("another folder") && has("once stop x"));
    CHECK(alive(holder.leader));
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("the option --refuse never ends anything, and names the holder", "[slots][refuse]") {
    Scenario scene;
    const auto holder = hold_port(scene);
    const auto refused = scene.run({"once", "--refuse", "-p", scene.port(), "--", "touch", "done"});
    CHECK(refused.ending == exited(75));
    CHECK(refused.stdout_text.empty());
    CHECK_THAT(refused.stderr_text,
               has("port " + std::to_string(scene.port()) + " is held by 'actor lock") &&
                   has(pid_text(holder.once.pid())) && has(scene.folder().string()) &&
                   has("started "));
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
    CHECK(listener_pids(scene.port()) == std::vector<pid_t>{holder.leader});
    CHECK_FALSE(holder.once.ended());
}

TEST_CASE("a slot is free again as soon as its holder has ended", "[slots]") {
    Scenario scene;
    for (int round = 0; round < 5; ++round) {
        const auto holder = hold_port(scene, {"--refuse", "-n", "x"});
        holder.once.signal(SIGTERM);
        CHECK(holder.once.wait_ending() == killed_by(SIGTERM));
        CHECK(holder.once.stderr_text().empty());
    }
    CHECK(state_files(scene, ".json").empty());
}

TEST_CASE("a port is claimed by name and number alike: all slots or none", "[slots]") {
    Scenario scene;
    const int other = scene.another_port();
    const auto holder = hold_port(scene);
    const auto refused = scene.run(
        {"once", "--refuse", "-n", "x", "-p", other, "-p", scene.port(), "--", "touch", "done"});
    CHECK(refused.ending == exited(75));
    CHECK_FALSE(std::filesystem::exists(scene.folder() / "done"));
    CHECK(scene.run({"once", "--refuse", "-p", other, "--", "true"}).ending == exited(0));
    CHECK(scene.run({"once", "--refuse", "-n", "x", "--", "true"}).ending == exited(0));
    CHECK(alive(holder.leader));
}

TEST_CASE("a launch with two slots replaces the holders of both", "[slots][replace]") {
    Scenario scene;
    const auto one = scene.launch({"once", "-n", "one", "--", "actor", "lock", "one"});
    const auto other = scene.launch({"once", "-p", scene.port(), "--", "actor", "lock", "other"});
    one.wait_for_output("locked");
    other.wait_for_output("locked");
    (void)hold(scene, {"-n", "one", "-p", scene.port()});
    CHECK(one.wait_ending() == killed_by(SIGTERM));
    CHECK(other.wait_ending() == killed_by(SIGTERM));
}

TEST_CASE("nobody is replaced for a launch whose other slot is refused", "[slots][replace]") {
    Scenario scene;
    const auto ours = scene.launch({"once", "-n", "a", "--", "actor", "lock", "ours"});
    ours.wait_for_output("locked");
    const auto foreign = hold(scene, {"-n", "b"}, {.folder = scene.another_folder("elsewhere")});
    CHECK(scene.run({"once", "-n", "a", "-n", "a", "-p", scene.port(), "--", "true"}).ending ==
          exited(0));
    CHECK(ours.wait_ending() == killed_by(SIGTERM));
    const auto next = scene.launch({"once", "-p", scene.port(), "--", "actor", "lock", "ours"});
    next.wait_for_output("locked");
    const auto refused = scene.run({"once", "-n", "b", "-p", scene.port(), "--", "true"});
    CHECK(refused.ending == exited(75));
    CHECK_FALSE(next.ended());
    CHECK_FALSE(foreign.once.ended());
}

TEST_CASE("two launches with their ports in opposite order do not wait for each other for ever",
          "[slots][wait]") {
    Scenario scene;
    const int one = scene.port();
    const int other = scene.another_port();
    const auto exclusive = scene.write_script("job", "mkdir busy && rmdir busy || exit 99\n");
    std::vector<Running> all;
    for (int round = 0; round < 20; ++round) {
        all.push_back(scene.launch({"once", "--wait", "-p", one, "-p", other, "--", exclusive}));
        all.push_back(scene.launch({"once", "--wait", "-p", other, "-p", one, "--", exclusive}));
    }
    for (const Running& launch : all) CHECK(launch.wait_ending() == exited(0));
}

TEST_CASE("the job is told what is claimed for it", "[slots]") {
    Scenario scene;
    const int one = scene.port();
    const int other = scene.another_port();
    const Command print{"actor", "print-environment", "PORT", "ONCE_PORTS", "ONCE_NAME"};
    const auto ports = scene.run(with_options({"-p", other, "-p", one, "-n", "x"}, print));
    const auto text = [](int number) { return std::to_string(number); };
    CHECK_THAT(ports.stdout_text, has("PORT=" + text(other) + "\nONCE_PORTS=" + text(other) + "," +
                                      text(one) + "\nONCE_NAME=x\n"));
    CHECK_THAT(
        scene.run(with_options({"-p", one}, print), {.environment = {{"PORT", "99"}}}).stdout_text,
        has("PORT=99\n"));
    CHECK_THAT(scene.run(with_options({}, print)).stdout_text,
               has("PORT unset\nONCE_PORTS unset\nONCE_NAME unset\n"));
}
