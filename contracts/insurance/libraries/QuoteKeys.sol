// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What a quote key may sell a day and has sold today, in one word, from the lowest bits up:
///
///     64 daily limit, units | 64 used, units | 32 day it was used on
type QuoteKeyWord is uint256;

using QuoteKeys for QuoteKeyWord global;

/// @title QuoteKeys
/// @notice Keeps quote keys to their daily limits (UTC).
library QuoteKeys {
    function dailyLimit(QuoteKeyWord word) internal pure returns (uint256) {
        return uint64(QuoteKeyWord.unwrap(word));
    }

    function withDailyLimit(QuoteKeyWord word, uint64 units) internal pure returns (QuoteKeyWord) {
        return QuoteKeyWord.wrap((QuoteKeyWord.unwrap(word) & ~uint256(type(uint64).max)) | units);
    }

    /// @notice What the key may still sell today.
    function leftToday(QuoteKeyWord word) internal view returns (uint256) {
        uint256 used = _usedToday(word);
        uint256 limit = word.dailyLimit();
        return used < limit ? limit - used : 0;
    }

    /// @notice The word after a sale of no more than what was left.
    function spent(QuoteKeyWord word, uint256 units) internal view returns (QuoteKeyWord) {
        uint256 used = _usedToday(word) + units;
        return QuoteKeyWord.wrap(word.dailyLimit() | (used << 64) | ((block.timestamp / 1 days) << 128));
    }

    function _usedToday(QuoteKeyWord word) private view returns (uint256) {
        uint256 raw = QuoteKeyWord.unwrap(word);
        return uint32(raw >> 128) == block.timestamp / 1 days ? uint64(raw >> 64) : 0;
    }
}
