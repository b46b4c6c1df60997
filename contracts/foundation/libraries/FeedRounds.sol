// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedRound} from "../interfaces/IFeedReader.sol";

/// @notice A round in one word, as it is stored.
/// @dev bits 0–127 value · 128–167 observedAt · 168–207 updatedAt · 208–239 round · 240–247 flags · 248–255 zero.
type PackedRound is uint256;

using FeedRounds for PackedRound global;

/// @title FeedRounds
/// @notice Packs a round into its slot.
library FeedRounds {
    /// @notice The word of a round.
    function pack(
        int128 value_,
        uint40 observedAt_,
        uint40 updatedAt_,
        uint32 number_,
        uint8 flags_
    ) internal pure returns (PackedRound) {
        return
            PackedRound.wrap(
                uint128(value_) |
                    (uint256(observedAt_) << 128) |
                    (uint256(updatedAt_) << 168) |
                    (uint256(number_) << 208) |
                    (uint256(flags_) << 240)
            );
    }

    /// @notice The round of a word.
    function unpack(PackedRound packed) internal pure returns (FeedRound memory round) {
        round.value = packed.value();
        round.observedAt = packed.observedAt();
        round.updatedAt = packed.updatedAt();
        round.round = packed.number();
        round.flags = uint8(PackedRound.unwrap(packed) >> 240);
    }

    /// @notice The median.
    function value(PackedRound packed) internal pure returns (int128) {
        return int128(uint128(PackedRound.unwrap(packed)));
    }

    /// @notice When it was observed, unix seconds.
    function observedAt(PackedRound packed) internal pure returns (uint40) {
        return uint40(PackedRound.unwrap(packed) >> 128);
    }

    /// @notice When it was stored, unix seconds.
    function updatedAt(PackedRound packed) internal pure returns (uint40) {
        return uint40(PackedRound.unwrap(packed) >> 168);
    }

    /// @notice The round's number; zero for an empty slot.
    function number(PackedRound packed) internal pure returns (uint32) {
        return uint32(PackedRound.unwrap(packed) >> 208);
    }
}
