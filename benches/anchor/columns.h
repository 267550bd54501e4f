// Typed columns in Arrow's layout, and texts of fixed form to numbers.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>
#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

enum class Type { Bool, Int, Long, Real, DateTime, Timespan, Guid, Text, Dynamic };

inline Type type_of(std::string_view name) {
  struct { std::string_view name; Type type; } names[] = {
      {"bool", Type::Bool},         {"int", Type::Int},           {"long", Type::Long},
      {"real", Type::Real},         {"datetime", Type::DateTime}, {"timespan", Type::Timespan},
      {"guid", Type::Guid},         {"dynamic", Type::Dynamic},
  };
  for (auto& entry : names)
    if (entry.name == name) return entry.type;
  return Type::Text;
}

// Memory that grows by doubling and is not cleared.
struct Buffer {
  uint8_t* data = nullptr;
  size_t capacity = 0;

  void reserve(size_t bytes) {
    if (__builtin_expect(bytes > capacity, 0)) {
      capacity = bytes * 2 + 1024;
      data = static_cast<uint8_t*>(realloc(data, capacity));
      if (!data) abort();
    }
  }
};

struct Column {
  Type type = Type::Text;
  size_t rows = 0, nulls = 0, text_bytes = 0;
  Buffer values, validity, offsets;

  bool is_text() const { return type == Type::Text || type == Type::Dynamic; }

  void clear() {
    rows = nulls = text_bytes = 0;
    offsets.reserve(4);
    memset(offsets.data, 0, 4);
  }

  template <class T>
  void push(T value) {
    values.reserve((rows + 1) * sizeof(T));
    memcpy(values.data + rows * sizeof(T), &value, sizeof(T));
  }

  void push_bit(Buffer& bits, bool bit) {
    bits.reserve(rows / 8 + 1);
    if (rows % 8 == 0) bits.data[rows / 8] = 0;
    bits.data[rows / 8] |= uint8_t(bit) << (rows % 8);
  }

  // Room for a text of so many bytes, and for what a reader may write beyond it.
  uint8_t* text_room(size_t bytes) {
    values.reserve(text_bytes + bytes + 64);
    return values.data + text_bytes;
  }

  void end_text(size_t bytes) {
    text_bytes += bytes;
    offsets.reserve((rows + 2) * 4);
    uint32_t end = uint32_t(text_bytes);
    memcpy(offsets.data + (rows + 1) * 4, &end, 4);
  }

  void push_null() {
    switch (type) {
      case Type::Bool: push_bit(values, false); break;
      case Type::Int: push(int32_t(0)); break;
      case Type::Guid: values.reserve((rows + 1) * 16); memset(values.data + rows * 16, 0, 16); break;
      case Type::Text: case Type::Dynamic: end_text(0); break;
      default: push(int64_t(0));
    }
    end_row(false);
  }

  void end_row(bool valid) {
    push_bit(validity, valid);
    nulls += !valid;
    rows++;
  }
};

inline uint64_t word(const void* at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

// Up to eight digits; how many there are.
inline unsigned digits(const char* text, uint64_t& number) {
  uint64_t bytes = word(text) ^ 0x3030303030303030;
  uint64_t others = ((bytes + 0x7676767676767676) | bytes) & 0x8080808080808080;
  unsigned count = others ? __builtin_ctzll(others) / 8 : 8;
  if (count == 0) return 0;
  bytes <<= 64 - count * 8;
  bytes = bytes * 10 + (bytes >> 8);
  uint64_t high = (bytes & 0x000000ff000000ff) * 0x000f424000000064;
  uint64_t low = ((bytes >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  number = (high + low) >> 32;
  return count;
}

// Nothing, or a point and up to seven digits, in ticks; moves behind it.
inline bool fraction(const char*& text, int64_t& ticks) {
  if (*text != '.') return true;
  static const int64_t scale[] = {0, 1000000, 100000, 10000, 1000, 100, 10, 1};
  uint64_t number;
  unsigned count = digits(text + 1, number);
  if (count == 0 || count > 7) return false;
  ticks += int64_t(number) * scale[count];
  text += 1 + count;
  return true;
}

// Days from 0001-01-01 to the first of each month, and the days of the months, worked out once.
struct Calendar {
  int32_t first[10000 * 12];
  uint8_t length[10000 * 12];

  Calendar() {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    memset(length, 0, sizeof length);
    int32_t day = 0;
    for (int year = 1; year < 10000; year++)
      for (int month = 0; month < 12; month++) {
        bool leap = month == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        first[year * 12 + month] = day;
        length[year * 12 + month] = days[month] + leap;
        day += days[month] + leap;
      }
  }
};
inline const Calendar calendar;

// yyyy-mm-ddThh:mm:ss[.fffffff]Z" as ticks since the year 1. Reads up to 8 bytes behind.
inline bool parse_datetime(const char* text, int64_t& ticks) {
  int year, month, day, hour, minute;
#ifdef __SSE4_1__
  // All digits at once: subtract '0', or the separator where one is due.
  const __m128i due = _mm_setr_epi8('0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0');
  const __m128i most = _mm_setr_epi8(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9);
  const __m128i pairs = _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, -1, -1, -1, -1);
  __m128i bytes = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)), due);
  __m128i over = _mm_subs_epu8(bytes, most);
  if (!_mm_testz_si128(over, over)) return false;
  __m128i tens = _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 0, 0, 0, 0);
  __m128i numbers = _mm_maddubs_epi16(_mm_shuffle_epi8(bytes, pairs), tens);
  uint64_t low = uint64_t(_mm_cvtsi128_si64(numbers)), high = uint64_t(_mm_extract_epi64(numbers, 1));
  year = int(low & 0xffff) * 100 + int(low >> 16 & 0xffff);
  month = int(low >> 32 & 0xffff), day = int(low >> 48);
  hour = int(high & 0xffff), minute = int(high >> 16 & 0xffff);
#else
  auto pair = [&](int at) {
    unsigned ten = uint8_t(text[at]) - '0', one = uint8_t(text[at + 1]) - '0';
    return ten > 9 || one > 9 ? 1000000 : int(ten * 10 + one);
  };
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':') return false;
  year = pair(0) * 100 + pair(2), month = pair(5), day = pair(8), hour = pair(11), minute = pair(14);
#endif
  unsigned ten = uint8_t(text[17]) - '0', one = uint8_t(text[18]) - '0';
  if (text[16] != ':' || ten > 5 || one > 9 || year < 1 || year > 9999 || month < 1 || month > 12) return false;
  size_t at = size_t(year) * 12 + month - 1;
  if (day < 1 || day > calendar.length[at] || hour > 23 || minute > 59) return false;
  int64_t seconds = int64_t(calendar.first[at] + day - 1) * 86400 + hour * 3600 + minute * 60 + ten * 10 + one;
  ticks = seconds * 10000000;
  text += 19;
  return fraction(text, ticks) && text[0] == 'Z' && text[1] == '"';
}

// [-][d.]hh:mm:ss[.fffffff]" as ticks. Reads up to 8 bytes behind.
inline bool parse_timespan(const char* text, int64_t& ticks) {
  bool negative = *text == '-';
  text += negative;
  uint64_t days = 0, hours;
  unsigned count = digits(text, hours);
  if (count == 0) return false;
  text += count;
  if (*text == '.') {
    days = hours;
    count = digits(++text, hours);
    text += count;
  }
  auto pair = [](const char* at) {
    unsigned ten = uint8_t(at[0]) - '0', one = uint8_t(at[1]) - '0';
    return ten > 5 || one > 9 ? -1 : int(ten * 10 + one);
  };
  if (count != 2 || hours > 23 || text[0] != ':' || text[3] != ':') return false;
  int minutes = pair(text + 1), seconds = pair(text + 4);
  if (minutes < 0 || seconds < 0) return false;
  ticks = int64_t(((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 10000000;
  text += 6;
  if (!fraction(text, ticks) || *text != '"') return false;
  if (negative) ticks = -ticks;
  return true;
}

// Sixteen bytes in the order of the text.
inline bool parse_guid(const char* text, uint8_t* out) {
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' || text[36] != '"') return false;
#ifdef __SSE4_1__
  auto at = [&](int from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + from)); };
  // 8 + 4 + 4 digits from the front, then 4 + 12.
  __m128i front = _mm_shuffle_epi8(at(0), _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, -1, -1));
  front = _mm_insert_epi16(front, *reinterpret_cast<const uint16_t*>(text + 16), 7);
  __m128i back = _mm_shuffle_epi8(at(20), _mm_setr_epi8(-1, -1, -1, -1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  back = _mm_insert_epi32(back, *reinterpret_cast<const int32_t*>(text + 19), 0);
  __m128i fine = _mm_set1_epi8(-1);
  auto nibbles = [&](__m128i bytes) {
    __m128i digit = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
    fine = _mm_and_si128(fine, _mm_or_si128(is_digit, is_letter));
    return _mm_blendv_epi8(_mm_add_epi8(letter, _mm_set1_epi8(10)), digit, is_digit);
  };
  const __m128i weights = _mm_set1_epi16(0x0110);
  __m128i high = _mm_maddubs_epi16(nibbles(front), weights), low = _mm_maddubs_epi16(nibbles(back), weights);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(high, low));
  return _mm_movemask_epi8(fine) == 0xffff;
#else
  static const uint8_t pairs[] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
  auto nibble = [](char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
  };
  for (int i = 0; i < 16; i++) {
    int high = nibble(text[pairs[i]]), low = nibble(text[pairs[i] + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = uint8_t(high << 4 | low);
  }
  return true;
#endif
}

// The hash that content_hash.rs describes.
struct Hash {
  uint64_t value = 1;

  void mix(uint64_t word) {
    value = (value ^ word) * 0x9e3779b97f4a7c15;
    value ^= value >> 29;
  }

  void text(const uint8_t* bytes, size_t length) {
    mix(length);
    for (; length >= 8; bytes += 8, length -= 8) mix(word(bytes));
    uint64_t last = 0;
    memcpy(&last, bytes, length);
    mix(last);
  }

  void column(const Column& column) {
    mix(column.rows);
    mix(column.nulls);
    auto bit = [](const Buffer& bits, size_t row) { return bits.data[row / 8] >> (row % 8) & 1; };
    for (size_t row = 0; row < column.rows; row++) {
      const uint8_t* values = column.values.data;
      if (!bit(column.validity, row)) {
        mix(0xdead);
      } else if (column.is_text()) {
        uint32_t range[2];
        memcpy(range, column.offsets.data + row * 4, 8);
        text(values + range[0], range[1] - range[0]);
      } else if (column.type == Type::Bool) {
        mix(bit(column.values, row));
      } else if (column.type == Type::Int) {
        int32_t number;
        memcpy(&number, values + row * 4, 4);
        mix(uint64_t(int64_t(number)));
      } else if (column.type == Type::Guid) {
        mix(word(values + row * 16));
        mix(word(values + row * 16 + 8));
      } else {
        mix(word(values + row * 8));
      }
    }
  }
};
