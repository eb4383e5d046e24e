#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/handle.hpp"
#include "os/process.hpp"

namespace once::os {

/// A lock on a file (flock(2)). It is held while any process lives that shares this open file: this
/// one, and the children that it forks; a program executed by them never shares it.
class Lock {
public:
    explicit Lock(Handle file) : file_(std::move(file)) {}
    [[nodiscard]] const Handle& handle() const { return file_; }

    /// Puts a line at the beginning of the locked file, over what was there: what follows the
    /// line's end means nothing. False if it cannot be written.
    bool write_line(const std::string& line) const noexcept;

    /// The line at its beginning, without its end; empty if it cannot be read.
    [[nodiscard]] std::string read_line() const;

private:
    Handle file_;
};

/// The folder in which slots are kept. It is a real folder, ours, and nobody else can write to it:
/// that was proven when this object was made, and everything in it is reached through the handle
/// that was proven, so that nobody can exchange it meanwhile.
class StateFolder {
public:
    /// Opens `path`/`inner`, making what is missing (mode 0700). Throws a Failure that says what is
    /// wrong with which folder.
    static StateFolder make(const std::string& path, const std::string& inner);

    /// The same for looking only: nothing is made. Nothing if there is no such folder.
    static std::optional<StateFolder> open(const std::string& path, const std::string& inner);

    [[nodiscard]] const std::string& path() const { return path_; }

    /// Takes the lock called `name` if it is free. The file is made if it is missing, must be a
    /// plain file of ours, and still has its name when the lock is held. Throws for anything odd.
    std::optional<Lock> try_lock(const std::string& name) const;

    /// Which file it is; nothing if there is none.
    std::optional<FileId> identify(const std::string& name) const;

    /// The text of a file; nothing if there is none, or if it is not a plain file of ours.
    std::optional<std::string> read(const std::string& name) const;

    /// Replaces a file as a whole: a reader sees the old text or the new one. `try_write` answers
    /// false, with nothing changed, where `write` throws.
    void write(const std::string& name, const std::string& text) const;
    bool try_write(const std::string& name, const std::string& text) const noexcept;

    /// Harmless if there is none.
    void remove(const std::string& name) const noexcept;
    /// Not the file, but what whoever crashed was about to put in its place.
    void remove_unfinished(const std::string& name) const noexcept;

    /// The names in it, sorted.
    std::vector<std::string> names() const;

private:
    StateFolder(std::string path, Handle folder)
        : path_(std::move(path)), folder_(std::move(folder)) {}
    std::string path_;
    Handle folder_;
};

/// Where the state is: $ONCE_STATE_DIR, else $XDG_STATE_HOME/once, else ~/.local/state/once, else
/// /tmp/once-UID.
std::string state_path();

/// The canonical path of a folder; throws if it cannot be entered.
std::string canonical_folder(const std::string& path);

/// Removes those of these files in which a text occurs.
void remove_files_that_tell(const std::vector<std::string>& paths, const std::string& text);

/// Empties the line of those of these files, locks that we hold, in which a text occurs.
void empty_locks_that_tell(const std::vector<std::string>& paths, const std::string& text);

/// A path made absolute against our working directory, without touching the file.
std::string absolute_path(const std::string& path);

}  // namespace once::os
