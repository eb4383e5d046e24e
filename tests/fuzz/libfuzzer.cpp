// What libFuzzer calls; FUZZ_TARGET says which of the targets this program is for.

#include <cstddef>
#include <cstdint>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto run =
        std::find_if(once::fuzz::targets.begin(), once::fuzz::targets.end(),
                     [](const auto& target) { return target.name == FUZZ_TARGET; })
            ->run;
    run({reinterpret_cast<const char*>(data), size});
    return 0;
}
