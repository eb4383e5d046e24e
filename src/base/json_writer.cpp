#include "base/json_writer.hpp"

namespace once {

void JsonWriter::separate() {
    if (text_.empty()) return;
    const char last = text_.back();
    if (last != '{' && last != '[' && last != ':') text_ += ',';
}

void JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    text_ += '"';
    text_ += name;
    text_ += "\":";
    return *this;
}

void JsonWriter::append(std::string_view text) {
    separate();
    text_ += text;
}

// RFC 8259, section 7: the quotation mark, the backslash and what is below a blank.
void JsonWriter::value(std::string_view text) {
    separate();
    text_ += '"';
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') {
            text_ += '\\';
            text_ += byte;
        } else if (static_cast<unsigned char>(byte) < ' ') {
            constexpr std::string_view digits = "0123456789abcdef";
            text_ += "\\u00";
            text_ += digits[static_cast<unsigned char>(byte) >> 4U];
            text_ += digits[static_cast<unsigned char>(byte) & 15U];
        } else {
            text_ += byte;
        }
    }
    text_ += '"';
}

}  // namespace once
