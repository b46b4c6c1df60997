// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IUnderwritingPool} from "../interfaces/IUnderwritingPool.sol";

/// @notice A pool's accounts in one word, from the lowest bits up:
///
///     96 capital base units | 56 locked units | 56 reserved units | 24 open series | 8 windows | 8 capped | 8 paused
type Ledger is uint256;

using Ledgers for Ledger global;

/// @title Ledgers
/// @notice Reads and changes a pool's accounts; a sum too large for its bits is refused, one too small reverts.
library Ledgers {
    uint256 internal constant MAX_CAPITAL = type(uint96).max;
    /// @dev Everything a settlement does not touch: windows, capped, paused.
    uint256 private constant KEPT = type(uint256).max << 232;
    uint256 private constant CAPPED = 1 << 240;
    uint256 private constant PAUSED = 1 << 248;

    function capital(Ledger word) internal pure returns (uint256) {
        return uint96(Ledger.unwrap(word));
    }

    function locked(Ledger word) internal pure returns (uint256) {
        return uint56(Ledger.unwrap(word) >> 96);
    }

    function reserved(Ledger word) internal pure returns (uint256) {
        return uint56(Ledger.unwrap(word) >> 152);
    }

    function openSeries(Ledger word) internal pure returns (uint256) {
        return uint24(Ledger.unwrap(word) >> 208);
    }

    function windows(Ledger word) internal pure returns (uint256) {
        return uint8(Ledger.unwrap(word) >> 232);
    }

    function isCapped(Ledger word) internal pure returns (bool) {
        return Ledger.unwrap(word) & CAPPED != 0;
    }

    function isPaused(Ledger word) internal pure returns (bool) {
        return Ledger.unwrap(word) & PAUSED != 0;
    }

    function withCapital(Ledger word, uint256 amount) internal pure returns (Ledger) {
        return _with(word, amount, 0, 96);
    }

    function withLocked(Ledger word, uint256 units) internal pure returns (Ledger) {
        return _with(word, units, 96, 56);
    }

    function withReserved(Ledger word, uint256 units) internal pure returns (Ledger) {
        return _with(word, units, 152, 56);
    }

    function withOpenSeries(Ledger word, uint256 count) internal pure returns (Ledger) {
        return _with(word, count, 208, 24);
    }

    /// @notice All four accounts at once: what each settlement changes.
    function withAccounts(
        Ledger word,
        uint256 capital_,
        uint256 locked_,
        uint256 reserved_,
        uint256 openSeries_
    ) internal pure returns (Ledger) {
        if ((capital_ >> 96) | ((locked_ | reserved_) >> 56) | (openSeries_ >> 24) != 0)
            revert IUnderwritingPool.PoolFull();
        return
            Ledger.wrap(
                (Ledger.unwrap(word) & KEPT) | capital_ | (locked_ << 96) | (reserved_ << 152) | (openSeries_ << 208)
            );
    }

    function withWindows(Ledger word, uint256 count) internal pure returns (Ledger) {
        return _with(word, count, 232, 8);
    }

    function withCapped(Ledger word, bool capped) internal pure returns (Ledger) {
        return _with(word, capped ? 1 : 0, 240, 8);
    }

    function withPaused(Ledger word, bool paused) internal pure returns (Ledger) {
        return _with(word, paused ? 1 : 0, 248, 8);
    }

    function _with(Ledger word, uint256 value, uint256 at, uint256 bits) private pure returns (Ledger) {
        uint256 mask = (1 << bits) - 1;
        if (value > mask) revert IUnderwritingPool.PoolFull();
        return Ledger.wrap((Ledger.unwrap(word) & ~(mask << at)) | (value << at));
    }
}
