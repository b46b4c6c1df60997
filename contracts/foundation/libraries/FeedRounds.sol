// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedRound} from "../interfaces/IFeedReader.sol";

/// @notice A feed's latest round and sensor set in one word; its history holds past ones.
/// @dev bits 0–127 value · 128–167 observedAt · 168–207 updatedAt · 208–239 round · 240 SUSPECT ·
/// 241 whether another set is scheduled · 242–255 version of the sensor set. Version 0: no such feed.
type FeedWord is uint256;

using FeedRounds for FeedWord global;

/// @title FeedRounds
/// @notice Packs and unpacks a feed's word.
library FeedRounds {
    uint256 internal constant MAX_VERSION = 0x3fff;
    uint256 private constant SUSPECT_BIT = 1 << 240;
    uint256 private constant SCHEDULED_BIT = 1 << 241;
    uint256 private constant ROUND_MASK = SCHEDULED_BIT - 1;

    /// @notice The word with this round; the sensor set stays.
    function withRound(
        FeedWord word,
        int128 value_,
        uint40 observedAt_,
        uint40 updatedAt_,
        uint32 number_,
        bool suspect_
    ) internal pure returns (FeedWord) {
        return
            FeedWord.wrap(
                (FeedWord.unwrap(word) & ~ROUND_MASK) |
                    uint128(value_) |
                    (uint256(observedAt_) << 128) |
                    (uint256(updatedAt_) << 168) |
                    (uint256(number_) << 208) |
                    (suspect_ ? SUSPECT_BIT : 0)
            );
    }

    /// @notice The word with this sensor set; the round stays.
    function withSet(FeedWord word, uint16 version_, bool scheduled_) internal pure returns (FeedWord) {
        return
            FeedWord.wrap(
                (FeedWord.unwrap(word) & ROUND_MASK) | (uint256(version_) << 242) | (scheduled_ ? SCHEDULED_BIT : 0)
            );
    }

    /// @notice The round in the word.
    function toRound(FeedWord word) internal pure returns (FeedRound memory round) {
        round.value = word.value();
        round.observedAt = word.observedAt();
        round.updatedAt = word.updatedAt();
        round.round = word.number();
        round.flags = uint8((FeedWord.unwrap(word) >> 240) & 1);
    }

    /// @notice The median.
    function value(FeedWord word) internal pure returns (int128) {
        return int128(uint128(FeedWord.unwrap(word)));
    }

    /// @notice When it was observed, unix seconds.
    function observedAt(FeedWord word) internal pure returns (uint40) {
        return uint40(FeedWord.unwrap(word) >> 128);
    }

    /// @notice When it was stored, unix seconds.
    function updatedAt(FeedWord word) internal pure returns (uint40) {
        return uint40(FeedWord.unwrap(word) >> 168);
    }

    /// @notice The round's number; zero before the first.
    function number(FeedWord word) internal pure returns (uint32) {
        return uint32(FeedWord.unwrap(word) >> 208);
    }

    /// @notice Whether another sensor set is scheduled.
    function isScheduled(FeedWord word) internal pure returns (bool) {
        return FeedWord.unwrap(word) & SCHEDULED_BIT != 0;
    }

    /// @notice Version of the sensor set; zero when there is no such feed.
    function version(FeedWord word) internal pure returns (uint16) {
        return uint16(FeedWord.unwrap(word) >> 242);
    }
}
