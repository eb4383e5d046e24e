#include "base/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace once::log {
namespace {

// Made on enable() only: a logger that nobody reads must not cost a launch anything.
std::unique_ptr<spdlog::logger>& logger() {
    static std::unique_ptr<spdlog::logger> the_one;
    return the_one;
}

bool enabled = false;
bool (*can_be_written)() noexcept = nullptr;

}  // namespace

void enable(bool (*can_write)() noexcept) {
    can_be_written = can_write;
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    logger() = std::make_unique<spdlog::logger>("once", std::move(sink));
    logger()->set_level(spdlog::level::debug);
    logger()->set_pattern("once: %H:%M:%S.%e %v");
    enabled = true;
}

bool is_enabled() noexcept { return enabled; }

void write(std::string_view line) {
    if (!can_be_written()) return;
    logger()->debug(line);
    logger()->flush();
}

}  // namespace once::log
