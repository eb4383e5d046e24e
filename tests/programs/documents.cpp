#include "documents.hpp"

#include <filesystem>
#include <sstream>

#include "catch.hpp"
#include "surroundings.hpp"

namespace once::test {

namespace fs = std::filesystem;

namespace {

const std::string fence = "```";
const std::string indent(4, ' ');

/// A command of ours, and neither a line of its output nor the mere name of a verb.
bool is_command(const std::string& line) {
    return line.starts_with("once ") &&
           (line == "once status" || line.find(' ', 5) != std::string::npos);
}

void add_quoted(std::vector<std::string>& lines, const std::string& text) {
    for (auto begin = text.find('`'); begin != std::string::npos; begin = text.find('`', begin)) {
        const auto end = text.find('`', ++begin);
        if (end == std::string::npos) return;
        const auto quoted = text.substr(begin, end - begin);
        if (is_command(quoted)) lines.push_back(quoted);
        begin = end + 1;
    }
}

}  // namespace

std::string document(const std::string& name) {
    const fs::path projects = PROJECTS_FOLDER;
    auto text = whole_file(projects.parent_path().parent_path().parent_path() / name);
    if (text.empty()) FAIL(name << " is not there");
    return text;
}

std::vector<std::string> blocks_below(const std::string& heading, const std::string& document) {
    std::istringstream lines(document);
    std::vector<std::string> blocks;
    bool is_below = false;
    bool is_inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (!is_inside && line.starts_with('#')) is_below = line == heading;
        if (!is_below) continue;
        if (line.starts_with(fence)) {
            is_inside = !is_inside;
            if (is_inside) blocks.emplace_back();
        } else if (is_inside) {
            blocks.back() += line + '\n';
        }
    }
    if (blocks.empty()) FAIL("there is no block below '" << heading << "'");
    return blocks;
}

std::vector<std::string> command_lines(const std::string& document) {
    std::istringstream text(document);
    std::vector<std::string> lines;
    bool is_fenced = false;
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with(fence)) is_fenced = !is_fenced;
        if (!is_fenced && !line.starts_with(indent)) {
            add_quoted(lines, line);
            continue;
        }
        if (line.starts_with(indent)) line.erase(0, indent.size());
        if (line.starts_with("$ ")) line.erase(0, 2);
        if (is_command(line)) lines.push_back(line);
    }
    return lines;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

void replace_ports(std::string& text, const std::map<std::string, int>& ports) {
    for (const auto& [from, to] : ports) replace_all(text, from, '{' + from + '}');
    for (const auto& [from, to] : ports) replace_all(text, '{' + from + '}', std::to_string(to));
}

}  // namespace once::test
