// The other side of benchsuite's protocol for a model in another process, in C++11 or later without any library.
// Copy this file beside your program. A whole program is a class with `fit` and `score`, and one line:
//
//     #include "benchsuite_program.hpp"
//
//     struct Popular {
//         std::vector<float> count;
//         void fit(const benchsuite::Fold &fold) {
//             count.assign(fold.items, 0);
//             for (int item : fold.load<int32_t>("train/item.npy")) count[item]++;
//         }
//         std::vector<float> score(const benchsuite::Block &block) {  // one row a query, one column a candidate
//             std::vector<float> scores;
//             for (size_t query = 0; query < block.queries(); query++)
//                 for (int item : block.candidates) scores.push_back(count[item]);
//             return scores;
//         }
//     };
//
//     int main(int count, char **words) { return benchsuite::serve(count, words, Popular()); }
//
// Lines that it prints to std::cout must not begin with @ (say `benchsuite::progress`). Whatever is thrown ends the
// program, and its text is the reason in the results. The folder of the protocol is described in benchsuite's page
// "A model in another process and environment". Only little-endian machines are served, as .npy files are written so.
#pragma once

#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace benchsuite {

inline bool exists(const std::string &path) { return std::ifstream(path, std::ios::binary).good(); }

// Returns the numbers of a .npy file, row after row: int32_t for codes, int64_t for starts and times, float for values.
template <class T> std::vector<T> load(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    unsigned char head[10];
    if (!file.read(reinterpret_cast<char *>(head), 10)) throw std::runtime_error("cannot read " + path);
    file.seekg(0, std::ios::end);
    const size_t size = static_cast<size_t>(file.tellg()), start = 10 + head[8] + 256u * head[9];
    if (start > size || (size - start) % sizeof(T)) throw std::runtime_error("numbers of another kind in " + path);
    std::vector<T> numbers((size - start) / sizeof(T));
    file.seekg(static_cast<std::streamoff>(start));
    file.read(reinterpret_cast<char *>(numbers.data()), static_cast<std::streamsize>(size - start));
    return numbers;
}

// Writes float32[rows, columns] as a .npy file.
inline void save(const std::string &path, const std::vector<float> &numbers, size_t rows, size_t columns) {
    if (numbers.size() != rows * columns) throw std::runtime_error("not one score for each query and candidate");
    std::ostringstream head;
    head << "{'descr': '<f4', 'fortran_order': False, 'shape': (" << rows << ", " << columns << "), }";
    std::string text = head.str();
    text += std::string(117 - text.size(), ' ') + "\n";  // 10 + 118 bytes: what follows begins at a multiple of 64
    std::ofstream file(path, std::ios::binary);
    file.write("\x93NUMPY\x01\x00\x76\x00", 10).write(text.data(), static_cast<std::streamsize>(text.size()));
    const auto bytes = static_cast<std::streamsize>(numbers.size() * sizeof(float));
    if (!file.write(reinterpret_cast<const char *>(numbers.data()), bytes)) {
        throw std::runtime_error("cannot write " + path);
    }
}

// Tells how far a fit is.
inline void progress(size_t done, size_t total, const std::string &note) {
    std::cout << "@progress " << done << " " << total << " " << note << std::endl;
}

// The training part and the tables of users and items.
struct Fold {
    std::string folder;
    size_t users, items, rows;

    explicit Fold(const std::string &path) : folder(path), users(0), items(0), rows(0) {
        users = number("users");
        items = number("items");
        rows = number("rows");
    }

    // Returns the numbers of a file in the folder, such as "train/user.npy".
    template <class T> std::vector<T> load(const std::string &name) const {
        return benchsuite::load<T>(folder + "/" + name);
    }

    // Returns a whole number in about.json, such as "seed" or "threads".
    size_t number(const std::string &name) const {
        const std::string found = value("about.json", name);
        if (found.empty()) throw std::runtime_error("no " + name + " in about.json");
        return std::stoul(found);
    }

    // Returns a number among the program's settings (`options` in the experiment), or `otherwise` where it is not set.
    double option(const std::string &name, double otherwise) const {
        const std::string found = value("options.json", name);
        return found.empty() ? otherwise : std::stod(found);
    }

  private:
    // Returns what follows a key of a JSON file, "" where the key is not in it.
    std::string value(const std::string &file_name, const std::string &name) const {
        std::ifstream file(folder + "/" + file_name);
        const std::string json((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        const size_t place = json.find("\"" + name + "\":");
        return place == std::string::npos ? "" : json.substr(place + name.size() + 3);
    }
};

// A block of queries: who asks, what each one's visible history is, and which items are to be scored.
struct Block {
    std::string folder;
    std::vector<int32_t> user, item, candidates;
    std::vector<int64_t> start;

    Block(const Fold &fold, const std::string &name) : folder(fold.folder + "/" + name) {
        user = load<int32_t>(folder + "/user.npy");
        item = load<int32_t>(folder + "/item.npy");
        start = load<int64_t>(folder + "/start.npy");
        if (exists(folder + "/candidates.npy")) candidates = load<int32_t>(folder + "/candidates.npy");
        else for (size_t code = 0; code < fold.items; code++) candidates.push_back(static_cast<int32_t>(code));
    }

    size_t queries() const { return user.size(); }

    // Returns the items of a query's visible history, oldest first.
    std::vector<int32_t> history(size_t query) const {
        return std::vector<int32_t>(item.begin() + start[query], item.begin() + start[query + 1]);
    }
};

// Fits and answers until there are no more orders; returns the exit code.
template <class Model> int serve(int count, char **words, Model model) {
    try {
        if (count < 3 || std::string(words[count - 2]) != "serve") {  // words before are the program's own
            throw std::runtime_error("this program is kept open: its orders are lines; set keep_open = true");
        }
        std::cout << "@protocol 1" << std::endl;
        const Fold fold(words[count - 1]);
        std::string order, name;
        while (std::cin >> order) {
            if (order == "fit") {
                model.fit(fold);
            } else {
                std::cin >> name;
                const Block block(fold, name);
                save(block.folder + "/scores.npy", model.score(block), block.queries(), block.candidates.size());
            }
            std::cout << "@done" << std::endl;
        }
        return 0;
    } catch (const std::exception &error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
}

}  // namespace benchsuite
