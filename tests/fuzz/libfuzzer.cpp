// What libFuzzer calls. The program's name says which of the targets it is for: fuzz_record.

#include <cstddef>
#include <cstdint>

#include "targets.hpp"

namespace once::fuzz {
namespace {

/// The one of this name; later, without a name, the same again.
const Target& chosen(std::string_view name = {}) {
    static const auto target = std::find_if(targets.begin(), targets.end(),
                                            [&](const Target& one) { return one.name == name; });
    demand(target != targets.end(), "the program has the name of a target");
    return *target;
}

}  // namespace
}  // namespace once::fuzz

// NOLINTBEGIN(readability-identifier-naming): the names are libFuzzer's.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** argv) {
    const std::string_view program = (*argv)[0];
    (void)once::fuzz::chosen(program.substr(program.rfind("fuzz_") + 5));
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    once::fuzz::chosen().run({reinterpret_cast<const char*>(data), size});
    return 0;
}
// NOLINTEND(readability-identifier-naming)
