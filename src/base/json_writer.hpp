#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace once {

/// Writes JSON as one line of text, in the order in which it is told, without a tree of values
/// first: that costs more than all else a launch computes. What is read is read by the library.
///
///     JsonWriter json;
///     json.open('{');
///     json.key("pids").open('[');
///     json.value(17);
///     json.close(']');
///     json.close('}');
class JsonWriter {
public:
    JsonWriter() { text_.reserve(1024); }

    /// Begins an object ('{') or an array ('['); each is closed by its counterpart.
    void open(char bracket);
    void close(char bracket) { text_ += bracket; }

    /// The name of the value that comes next. It has nothing in it that would need an escape.
    JsonWriter& key(std::string_view name);

    /// A text has to be UTF-8.
    void value(std::string_view text);
    void value(const std::string& text) { value(std::string_view(text)); }
    void value(const char* text) { value(std::string_view(text)); }
    void value(bool flag) { append(flag ? "true" : "false"); }
    void value(std::integral auto number) { append(std::to_string(number)); }

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void separate();
    void append(std::string_view text);

    std::string text_;
};

}  // namespace once
