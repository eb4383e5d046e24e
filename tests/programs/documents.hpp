#pragma once
// The documents that users read, for tests which hold them to their word.

#include <map>
#include <string>
#include <vector>

namespace once::test {

/// A file of this project, by its name from the top.
std::string document(const std::string& name);

/// The fenced blocks below that heading of a document, up to the next heading.
std::vector<std::string> blocks_below(const std::string& heading, const std::string& document);

/// The command lines of a document that begin with `once`: those that are lines of a block, and
/// those within backticks in its text.
std::vector<std::string> command_lines(const std::string& document);

void replace_all(std::string& text, const std::string& from, const std::string& to);

/// Other ports in place of those that stand in a text, also where one of them occurs in another.
void replace_ports(std::string& text, const std::map<std::string, int>& ports);

}  // namespace once::test
