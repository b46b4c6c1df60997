// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What a decided series takes out of its pool, in one word; zero when nothing is decided. From the lowest bits up:
///
///     64 exposure  Σ sums insured, which no longer bind capital, units
///     64 reserve   set aside for the policies: the loss, or the premiums that go back, units
///     32 zone
///     16 payoutBps share of each sum insured that is paid; the layers pay their slice of it
///      1 refunding the data never came and the premiums go back
///      1 decided   always set
type Decision is uint256;

using Decisions for Decision global;

/// @title Decisions
/// @notice Packs and unpacks what a policy book tells a pool, and the pool its tower.
library Decisions {
    uint256 private constant REFUNDING = 1 << 176;
    uint256 private constant DECIDED = 1 << 177;

    /// @notice The index paid `payoutBps_` of each sum insured.
    function payout(
        uint256 exposure_,
        uint256 reserve_,
        uint256 zone_,
        uint256 payoutBps_
    ) internal pure returns (Decision) {
        return Decision.wrap(exposure_ | (reserve_ << 64) | (zone_ << 128) | (payoutBps_ << 160) | DECIDED);
    }

    /// @notice The premiums go back.
    function refund(uint256 exposure_, uint256 reserve_, uint256 zone_) internal pure returns (Decision) {
        return Decision.wrap(exposure_ | (reserve_ << 64) | (zone_ << 128) | REFUNDING | DECIDED);
    }

    function exposure(Decision word) internal pure returns (uint256) {
        return uint64(Decision.unwrap(word));
    }

    function reserve(Decision word) internal pure returns (uint256) {
        return uint64(Decision.unwrap(word) >> 64);
    }

    function zone(Decision word) internal pure returns (uint32) {
        return uint32(Decision.unwrap(word) >> 128);
    }

    function payoutBps(Decision word) internal pure returns (uint256) {
        return uint16(Decision.unwrap(word) >> 160);
    }

    function isRefunding(Decision word) internal pure returns (bool) {
        return Decision.unwrap(word) & REFUNDING != 0;
    }

    function isDecided(Decision word) internal pure returns (bool) {
        return Decision.unwrap(word) != 0;
    }
}
