// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SeriesAccount, SeriesState} from "../interfaces/IPolicySettlement.sol";

/// @notice A series' account in one word, from the lowest bits up; see `SeriesAccount`.
///
///     64 exposure units | 64 premium units | 32 count | 32 cursor | 16 payoutBps | 8 state | 40 decidedAt
type AccountWord is uint256;

using SeriesAccounts for AccountWord global;

/// @title SeriesAccounts
/// @notice Reads and changes a series' account without spreading it over memory.
library SeriesAccounts {
    /// @notice The account of a series that owes nothing any more.
    AccountWord internal constant NOTHING = AccountWord.wrap(0);

    /// @dev Everything that stays when an outcome is written: premium, count and cursor.
    uint256 private constant KEPT = ((1 << 192) - 1) ^ ((1 << 64) - 1);

    /// @notice The account of a series that has just been opened.
    function opened() internal pure returns (AccountWord) {
        return AccountWord.wrap(uint256(SeriesState.Open) << 208);
    }

    /// @notice The word spelled out.
    function unpack(AccountWord word) internal pure returns (SeriesAccount memory account) {
        account.exposure = uint64(word.exposure());
        account.premium = uint64(word.premium());
        account.count = uint32(word.count());
        account.cursor = uint32(word.cursor());
        account.payoutBps = uint16(word.payoutBps());
        account.state = word.state();
        account.decidedAt = uint40(AccountWord.unwrap(word) >> 216);
    }

    function exposure(AccountWord word) internal pure returns (uint256) {
        return uint64(AccountWord.unwrap(word));
    }

    function premium(AccountWord word) internal pure returns (uint256) {
        return uint64(AccountWord.unwrap(word) >> 64);
    }

    function count(AccountWord word) internal pure returns (uint256) {
        return uint32(AccountWord.unwrap(word) >> 128);
    }

    function cursor(AccountWord word) internal pure returns (uint256) {
        return uint32(AccountWord.unwrap(word) >> 160);
    }

    function payoutBps(AccountWord word) internal pure returns (uint256) {
        return uint16(AccountWord.unwrap(word) >> 192);
    }

    function state(AccountWord word) internal pure returns (SeriesState) {
        return SeriesState(_state(word));
    }

    /// @notice On sale or at risk.
    function isOpen(AccountWord word) internal pure returns (bool) {
        return _state(word) == uint256(SeriesState.Open);
    }

    /// @notice Not known, or settled.
    function isNothing(AccountWord word) internal pure returns (bool) {
        return AccountWord.unwrap(word) == 0;
    }

    /// @notice Decided without data: the premiums go back.
    function isRefunding(AccountWord word) internal pure returns (bool) {
        return _state(word) == uint256(SeriesState.Refunding);
    }

    /// @notice The account with one policy more. The caller has checked that the exposure stays below 2^64, and the
    /// premium with it, which is never more than the sum; 2^32 policies are more than a chain can sell.
    function plusPolicy(AccountWord word, uint256 sum, uint256 premium_) internal pure returns (AccountWord) {
        return AccountWord.wrap(AccountWord.unwrap(word) + sum + (premium_ << 64) + (1 << 128));
    }

    /// @notice The account without one of its policies; its number stays taken.
    function minusPolicy(AccountWord word, uint256 sum, uint256 premium_) internal pure returns (AccountWord) {
        return AccountWord.wrap(AccountWord.unwrap(word) - sum - (premium_ << 64));
    }

    /// @notice The account with its outcome, decided now; nothing where nothing is reserved.
    function decided(
        AccountWord word,
        uint256 reserve,
        uint256 payoutBps_,
        SeriesState state_
    ) internal view returns (AccountWord) {
        if (reserve == 0) return NOTHING;
        return
            AccountWord.wrap(
                (AccountWord.unwrap(word) & KEPT) |
                    reserve |
                    (payoutBps_ << 192) |
                    (uint256(state_) << 208) |
                    (uint256(uint40(block.timestamp)) << 216)
            );
    }

    /// @notice The account after `advance` policies were paid, of whose reserve `left` is left.
    function paid(AccountWord word, uint256 left, uint256 advance) internal pure returns (AccountWord) {
        uint256 rest = AccountWord.unwrap(word) & ~uint256(type(uint64).max);
        return AccountWord.wrap((rest | left) + (advance << 160));
    }

    function _state(AccountWord word) private pure returns (uint256) {
        return uint8(AccountWord.unwrap(word) >> 208);
    }
}
