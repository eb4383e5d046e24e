#include "holding.hpp"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "surroundings.hpp"

namespace once::test {

namespace fs = std::filesystem;

std::string pid_text(pid_t pid) { return "(pid " + std::to_string(pid) + ")"; }

void wait_until_inscribed(const Scenario& scene, const Holder& holder) {
    eventually(
        [&] {
            const auto files = state_files(scene, ".json");
            return std::any_of(files.begin(), files.end(), [&](const fs::path& file) {
                const std::string leader = json_value(whole_file(file), "leader");
                return leader.find(":" + std::to_string(holder.leader) + ",") != std::string::npos;
            });
        },
        "the record names the leader");
}

Command with_options(const Command& options, const Command& job) {
    Command all{"once"};
    all.insert(all.end(), options.begin(), options.end());
    all.emplace_back("--");
    all.insert(all.end(), job.begin(), job.end());
    return all;
}

Command job(const Scenario& scene, std::optional<int> port) {
    Command words{"actor", "lock", scene.folder() / "proof"};
    if (port) words.emplace_back(*port);
    return words;
}

Holder hold(Scenario& scene, const Command& options, const Launch& how) {
    const Running once = scene.launch(with_options(options, job(scene)), how);
    once.wait_for_output("locked");
    return {once, once.ready_pid()};
}

Holder hold_port(Scenario& scene, const Command& options, const Launch& how) {
    Command all{"-p", scene.port()};
    all.insert(all.end(), options.begin(), options.end());
    const Running once = scene.launch(with_options(all, job(scene, scene.port())), how);
    once.wait_for_output("listening");
    return {once, once.ready_pid()};
}

Holder hold_with_child(Scenario& scene, const Command& options, const Launch& how) {
    const auto once = scene.launch(
        with_options(options,
                     {"sh", "-c", "actor ignore-term " + std::to_string(scene.port()) + " & wait"}),
        how);
    once.wait_for_output("listening");
    const Holder holder{once, leader_of(once.pid())};
    wait_until_inscribed(scene, holder);  // of the pid file only the record knows
    return holder;
}

void kill_both(const Holder& holder) {
    const pid_t keeper = parent_of(holder.leader);
    // once cannot answer the keeper's death, since it is stopped. Not the other way round: the end
    // of once would make the keeper's group an orphaned one, and those who are stopped in such a
    // group are sent a CONT (setpgid(2)).
    REQUIRE(kill(holder.once.pid(), SIGSTOP) == 0);
    eventually([&] { return process_state(holder.once.pid()) == 'T'; }, "once stands still");
    REQUIRE(kill(keeper, SIGKILL) == 0);
    REQUIRE(kill(holder.once.pid(), SIGKILL) == 0);
    CHECK(holder.once.wait_ending() == killed_by(SIGKILL));
    eventually([&] { return !alive(keeper) && !alive(holder.leader); }, "its leader died with it");
}

std::vector<std::string> tree(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code ignored;  // what goes while we look is not there
    for (auto entry = fs::recursive_directory_iterator(folder, ignored);
         entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
        names.push_back(fs::relative(entry->path(), folder, ignored).string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<fs::path> state_files(const Scenario& scene, std::string_view ending) {
    std::vector<fs::path> found;
    for (const std::string& name : tree(scene.state_folder())) {
        if (name.size() >= ending.size() &&
            name.compare(name.size() - ending.size(), ending.size(), ending) == 0) {
            found.push_back(scene.state_folder() / name);
        }
    }
    return found;
}

fs::path state_file(const Scenario& scene, std::string_view ending) {
    std::vector<fs::path> found;
    eventually(
        [&] {
            found = state_files(scene, ending);
            return found.size() == 1;
        },
        "one file named *" + std::string(ending));
    return found.front();
}

namespace {

struct Span {
    std::size_t start = std::string::npos;
    std::size_t end = std::string::npos;
};

/// Arrays and objects as a whole; a string that holds a bracket or a comma is not for these tests.
Span span_of(const std::string& text, const std::string& key) {
    const std::string label = "\"" + key + "\":";
    Span span;
    span.start = text.find(label);
    if (span.start == std::string::npos) return span;
    span.start = text.find_first_not_of(" \n", span.start + label.size());
    int depth = 0;
    for (span.end = span.start; span.end < text.size(); ++span.end) {
        const char letter = text[span.end];
        if (depth == 0 && (letter == ',' || letter == '}' || letter == ']')) break;
        if (letter == '{' || letter == '[') ++depth;
        if (letter == '}' || letter == ']') --depth;
    }
    return span;
}

}  // namespace

std::string json_value(const std::string& text, const std::string& key) {
    const Span span = span_of(text, key);
    if (span.start == std::string::npos) return {};
    std::string value = text.substr(span.start, span.end - span.start);
    value.erase(value.find_last_not_of(" \n") + 1);
    return value;
}

std::string with_json_value(std::string text, const std::string& key, const std::string& value) {
    const Span span = span_of(text, key);
    INFO(key << " in " << text);
    REQUIRE(span.start != std::string::npos);
    return text.replace(span.start, span.end - span.start, value);
}

std::uint64_t boot_time() {
    timespec now{};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec);
}

bool is_root_or_warn(std::string_view what_for) {
    if (geteuid() == 0) return true;
    WARN("not proven here: only root can " << what_for);
    return false;
}

}  // namespace once::test
