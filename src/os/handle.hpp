#pragma once

#include <cstdint>
#include <utility>

namespace once::os {

/// Owns one kernel object, and closes it when it goes. Move-only. The integer is wide enough for
/// a descriptor as well as for a Windows HANDLE.
class Handle {
public:
    using Raw = std::intptr_t;
    static constexpr Raw none = -1;

    Handle() noexcept = default;
    explicit Handle(Raw raw) noexcept : raw_(raw) {}
    Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, none)) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            close();
            raw_ = std::exchange(other.raw_, none);
        }
        return *this;
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { close(); }

    [[nodiscard]] Raw raw() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ != none; }

    /// Closes now. Harmless when nothing is owned.
    void close() noexcept;

private:
    Raw raw_ = none;
};

}  // namespace once::os
