#include "program.hpp"

#include <filesystem>

#include "catch.hpp"
#include "surroundings.hpp"

namespace once::test {

namespace fs = std::filesystem;

namespace {

const fs::path installed = PROGRAMS_FOLDER;

/// Empty if it is there.
std::string why_missing(const std::string& need) {
    if (need.front() == '/') return fs::exists(need) ? "" : need + " is not there";
    if (!fs::exists(installed / "installed.txt")) {
        const std::string reason = whole_file(installed / "missing.txt");
        return reason.empty() ? "the target install_programs was not built" : reason;
    }
    const std::string unsupported = whole_file(installed / "unsupported.txt");
    if (unsupported.find("\n" + need + "\n") != std::string::npos) {
        return need + " does not support this node";
    }
    return fs::exists(installed / "node_modules" / need) ? "" : need + " is not installed";
}

std::vector<std::string> words_of(const Program& program, int port) {
    std::vector<std::string> words = program.command;
    for (std::string& word : words) {
        if (word == "PORT") word = std::to_string(port);
    }
    return words;
}

}  // namespace

bool can_run(const std::vector<std::string>& needs) {
    for (const std::string& need : needs) {
        const std::string reason = why_missing(need);
        if (reason.empty()) continue;
        WARN("skipped: " << Catch::getResultCapture().getCurrentTestName() << ", because "
                         << reason);
        return false;
    }
    return true;
}

Project::Project(const std::string& name) : other_port_(scene_.another_port()) {
    fs::copy(fs::path(PROJECTS_FOLDER) / name, scene_.folder(), fs::copy_options::recursive);
    if (fs::exists(installed / "node_modules")) {
        fs::create_directory_symlink(installed / "node_modules", scene_.folder() / "node_modules");
    }
    if (name == "turbo") {
        for (const char* file : {"server.mjs", "serve.mjs"}) {
            fs::copy(fs::path(PROJECTS_FOLDER) / "node" / file, scene_.folder() / "apps/web");
        }
    }
    scene_.set("OUR_PORT", std::to_string(scene_.port()));
    scene_.set("OTHER_PORT", std::to_string(other_port_));
    for (const char* quiet : {"DO_NOT_TRACK", "TURBO_TELEMETRY_DISABLED", "NEXT_TELEMETRY_DISABLED",
                              "TURBO_NO_UPDATE_NOTIFIER", "PYTHONDONTWRITEBYTECODE"}) {
        scene_.set(quiet, "1");
    }
    scene_.set("npm_config_update_notifier", "false");
    // They behave otherwise for robots, and we are a person.
    for (const char* odd : {"CI", "NODE_OPTIONS", "NODE_ENV"}) scene_.unset(odd);
}

Command Project::once(const Program& program, const std::vector<std::string>& options) {
    Command command = {"once"};
    command.insert(command.end(), options.begin(), options.end());
    for (const Word& word : {Word("-p"), Word(port()), Word("--")}) command.push_back(word);
    for (const std::string& word : words_of(program, port())) command.emplace_back(word);
    return command;
}

std::string Project::once_line(const Program& program) {
    std::string line;
    for (const Word& word : once(program)) line += (line.empty() ? "" : " ") + word.text;
    return line;
}

Running Project::start(const Program& program, const std::vector<std::string>& options) {
    Running once_running = scene_.launch(once(program, options));
    eventually([&] { return listening(port()) || once_running.ended(); }, "it listens");
    REQUIRE_FALSE(once_running.ended());
    return once_running;
}

void Project::wait_until_ready() {
    eventually([&] { return listening(port()); }, "it listens");
    // Its record is written a moment after the launch: a fast server listens before.
    Finished status;
    eventually(
        [&] {
            status = scene_.run({"once", "status", port()});
            return status.ending == exited(0);
        },
        "status calls it healthy");
    CHECK(status.ending == exited(0));
    CHECK(count(status.stdout_text, "\n") == 2);  // the title and one job
    CHECK(count(status.stdout_text, " ready ") == 1);
}

std::string Project::notes(int port) const {
    const std::string name = "server-" + std::to_string(port) + ".log";
    for (const fs::path& folder : {fs::path("."), fs::path("apps/web")}) {
        const std::string text = scene_.read_file(folder / name);
        if (!text.empty()) return text;
    }
    return {};
}

}  // namespace once::test
