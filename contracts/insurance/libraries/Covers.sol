// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice One policy as a pool sees it when it is sold or cancelled, in one word, from the lowest bits up:
///
///     64 exposure  its sum insured, units
///     64 premium   units
///     64 total     what its series insures afterwards, units
///     32 zone      where one event hits all; 0 for none
///      8 window    where its premium is earned, as `accept` answered
type Cover is uint256;

using Covers for Cover global;

/// @title Covers
/// @notice Packs and unpacks what a book tells a pool of a policy.
library Covers {
    /// @notice All amounts are below 2^64: the caller has checked.
    function pack(
        uint256 exposure_,
        uint256 premium_,
        uint256 total_,
        uint256 zone_,
        uint256 window_
    ) internal pure returns (Cover) {
        return Cover.wrap(exposure_ | (premium_ << 64) | (total_ << 128) | (zone_ << 192) | (window_ << 224));
    }

    function exposure(Cover word) internal pure returns (uint256) {
        return uint64(Cover.unwrap(word));
    }

    function premium(Cover word) internal pure returns (uint256) {
        return uint64(Cover.unwrap(word) >> 64);
    }

    function total(Cover word) internal pure returns (uint256) {
        return uint64(Cover.unwrap(word) >> 128);
    }

    function zone(Cover word) internal pure returns (uint32) {
        return uint32(Cover.unwrap(word) >> 192);
    }

    function window(Cover word) internal pure returns (uint256) {
        return uint8(Cover.unwrap(word) >> 224);
    }
}
