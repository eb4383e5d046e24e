// once_corpus FOLDER: each file in FOLDER/TARGET goes through that target once.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "targets.hpp"

int main(int argc, char** argv) {
    const std::filesystem::path corpus = argc > 1 ? argv[1] : "corpus";
    for (const auto& target : once::fuzz::targets) {
        int count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(corpus / target.name)) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string input{std::istreambuf_iterator<char>(file), {}};
            (void)std::fprintf(stderr, "%s\n", entry.path().c_str());  // the last one, if it fails
            target.run(input);
            ++count;
        }
        once::fuzz::demand(count > 0, "there is a corpus for each target");
    }
    return 0;
}
