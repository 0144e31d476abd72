// An example of a model in another process: how often items were taken together with those of the history.
// Build it with: g++ -O2 -o together example_program.cpp
#include <cmath>
#include <set>

#include "benchsuite_program.hpp"

struct Together {
    size_t items = 0;
    std::vector<float> weight, count;

    void fit(const benchsuite::Fold &fold) {
        items = fold.items;
        weight.assign(items * items, 0);
        count.assign(items, 0);
        auto user = fold.load<int32_t>("train/user.npy"), item = fold.load<int32_t>("train/item.npy");
        std::vector<std::set<int>> taken(fold.users);
        for (size_t row = 0; row < user.size(); row++) taken[user[row]].insert(item[row]);
        for (auto &one : taken)
            for (int i : one)
                for (int j : one) (i == j ? count[i] : weight[i * items + j])++;
    }

    std::vector<float> score(const benchsuite::Block &block) {
        std::vector<float> scores;
        for (size_t query = 0; query < block.queries(); query++) {
            auto history = block.history(query);
            std::set<int> seen(history.begin(), history.end());
            for (int j : block.candidates) {
                float sum = seen.empty() || !count[j] ? NAN : 0;
                for (int i : seen) sum += weight[i * items + j] / (std::sqrt(count[i] * count[j]) + 1e-9f);
                scores.push_back(sum);
            }
        }
        return scores;
    }
};

int main(int count, char **words) { return benchsuite::serve(count, words, Together()); }
