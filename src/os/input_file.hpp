#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "os/handle.hpp"
#include "os/process.hpp"

namespace once::os {

/// A plain file that is open for reading: this very file, whatever becomes of its name.
class InputFile {
public:
    /// Nothing if there is none of this name. Throws a Failure if it is there and cannot be read,
    /// or is no plain file.
    static std::optional<InputFile> open(const std::string& path);

    [[nodiscard]] FileId id() const { return id_; }
    [[nodiscard]] std::uint64_t size() const noexcept;

    /// Reads what stands at `place`, as much as is there and fits; 0 at the end.
    std::size_t read(std::uint64_t place, char* buffer, std::size_t size) const noexcept;

private:
    InputFile(Handle file, FileId id) : file_(std::move(file)), id_(id) {}
    Handle file_;
    FileId id_;
};

/// The file that has this name now; nothing if there is none.
std::optional<FileId> file_named(const std::string& path) noexcept;

}  // namespace once::os
