#include "outsider.hpp"

#include <signal.h>

#include <algorithm>

#include "holding.hpp"

namespace once::test {

std::string with_port(std::string text, int port) {
    const auto at = text.find("PORT");
    return at == std::string::npos ? text : text.replace(at, 4, std::to_string(port));
}

Running start(Project& project, const Outsider& outsider) {
    project.scene().set("PORT", std::to_string(project.port()));
    Command command;
    for (const std::string& word : outsider.program.command) {
        command.push_back(with_port(word, project.port()));
    }
    const Running root = project.scene().launch(command);
    eventually(
        [&] {
            return listener_pids(project.port()).size() >= outsider.listeners &&
                   tree_of(root.pid()).size() >= outsider.processes;
        },
        "all of it stands, and listens");
    return root;
}

bool is_there(const Process& one) {
    const auto now = process(one.pid);
    return now && now->started == one.started && now->is_alive();
}

std::vector<Process> tree_of(pid_t root) {
    std::vector<Process> tree;
    auto pids = descendants(root);
    pids.push_back(root);
    for (const pid_t pid : pids) {
        if (const auto one = process(pid)) tree.push_back(*one);
    }
    return tree;
}

void check_gone(const std::vector<Process>& gone) {
    for (const Process& one : gone) {
        CAPTURE(portrait(one));
        CHECK_FALSE(is_there(one));
    }
}

void check_lives(const std::vector<Process>& living) {
    for (const Process& one : living) {
        CAPTURE(portrait(one), one.name);
        CHECK(is_there(one));
    }
}

void save(Project& project, const std::vector<std::filesystem::path>& files) {
    for (const std::filesystem::path& file : files) {
        const std::string text = project.scene().read_file(file);
        REQUIRE_FALSE(text.empty());
        project.scene().write_file(file, text + "\n");
    }
}

void check_no_return(Project& project, const std::vector<std::filesystem::path>& files) {
    save(project, files);
    remains([&] { return !listening(project.port()); }, std::chrono::milliseconds(400),
            "nobody listens");
}

void check_who(Project& project, pid_t root, const std::string& command) {
    const auto who = project.scene().run({"once", "who", project.port()});
    CAPTURE(who.stdout_text);
    CHECK(who.ending == exited(0));
    CHECK_THAT(who.stdout_text, has("' " + pid_text(root) + " in "));
    const auto listeners = listener_pids(project.port());
    CHECK(count(who.stdout_text, "\n*") == static_cast<int>(listeners.size()));
    for (const Process& one : tree_of(root)) {
        const bool listens =
            std::find(listeners.begin(), listeners.end(), one.pid) != listeners.end();
        CAPTURE(portrait(one), listens);
        const std::string row = (listens ? "\n*  " : "\n   ") + std::to_string(one.pid) + " ";
        CHECK(count(who.stdout_text, row) == 1);
        if (one.pid != root) continue;
        const auto from = who.stdout_text.find(row) + 1;
        const auto line = who.stdout_text.substr(from, who.stdout_text.find('\n', from) - from);
        CHECK(line.ends_with(with_port(command, project.port())));
    }
    CHECK_THAT(who.stdout_text, has("once stop --force " + std::to_string(project.port())));
}

Client::Client(Project& project)
    : running_(project.scene().launch(
          {"bash", "-c",
           "exec 3<>/dev/tcp/127.0.0.1/$0 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && "
           "exec actor print-signals",
           project.port()})) {
    (void)running_.ready_pid();
}

void Client::check_untouched() const {
    REQUIRE(running_.signal(SIGTERM));
    CHECK(running_.wait_ending() == exited(0));
    CHECK_THAT(running_.stdout_text(), has("signals 1\n"));
}

}  // namespace once::test
