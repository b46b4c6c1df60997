// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPolicySettlement, SeriesAccount, SeriesState} from "../interfaces/IPolicySettlement.sol";
import {ISeriesRecourse} from "../interfaces/ISeriesRecourse.sol";
import {ISeriesRegistry} from "../interfaces/ISeriesRegistry.sol";
import {SeriesId} from "../interfaces/IUnderwritingPool.sol";
import {Decision, Decisions} from "../libraries/Decisions.sol";
import {AccountWord, SeriesAccounts} from "../libraries/SeriesAccounts.sol";
import {PackedSeries, SeriesBlob} from "../libraries/SeriesBlob.sol";
import {SeriesMeter} from "../libraries/SeriesMeter.sol";

/// @title SeriesSettlement
/// @notice The paying side of a policy book. See `IPolicySettlement`.
/// @dev Has no owner and no pause. It stands where the policies are kept: paying one takes no second contract to ask.
abstract contract SeriesSettlement is IPolicySettlement {
    /// @dev One word, whose place is found once a call.
    struct Account {
        AccountWord word;
    }

    uint256 internal constant FULL_BPS = 10_000;
    /// @inheritdoc IPolicySettlement
    ISeriesRegistry public immutable REGISTRY;
    /// @inheritdoc IPolicySettlement
    ISeriesRecourse public immutable RECOURSE;

    mapping(SeriesId series => Account account) internal _accounts;

    modifier onlyRecourse() {
        if (msg.sender != address(RECOURSE)) revert SettlementCallerUnknown(msg.sender);
        _;
    }

    constructor(ISeriesRegistry registry, ISeriesRecourse recourse) {
        REGISTRY = registry;
        RECOURSE = recourse;
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function accountOf(SeriesId series) external view returns (SeriesAccount memory account) {
        return _accounts[series].word.unpack();
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function decide(SeriesId series, bytes calldata season, uint16 max) external returns (uint256 payoutBps) {
        PackedSeries terms = _terms(series);
        AccountWord account;
        Decision decision;
        (account, decision) = _decide(series, terms, _openAccount(series), season);
        _settle(series, terms, _accounts[series], account, decision, max);
        return decision.payoutBps();
    }

    /// @inheritdoc IPolicySettlement
    function settle(SeriesId series, uint16 max) external returns (uint256 advanced) {
        PackedSeries terms = _terms(series);
        Account storage slot = _accounts[series];
        AccountWord account = slot.word;
        Decision decision;
        if (account.isOpen()) (account, decision) = _decide(series, terms, account, msg.data[0:0]);
        else if (account.isNothing()) return 0;
        return _settle(series, terms, slot, account, decision, max);
    }

    /// @inheritdoc IPolicySettlement
    function conclude(SeriesId series, int256 index, uint256 payoutBps) external onlyRecourse {
        AccountWord account;
        Decision decision;
        PackedSeries terms = _terms(series);
        (account, decision) = _conclude(series, terms, _openAccount(series), index, payoutBps);
        _settle(series, terms, _accounts[series], account, decision, 0);
    }

    /// @inheritdoc IPolicySettlement
    function concludeWithoutData(SeriesId series) external onlyRecourse {
        PackedSeries terms = _terms(series);
        AccountWord account = _openAccount(series);
        uint256 reserve = account.premium();
        emit SeriesRefunded(series);
        Decision decision = Decisions.refund(account.exposure(), reserve, terms.zone());
        account = account.decided(reserve, 0, SeriesState.Refunding);
        _settle(series, terms, _accounts[series], account, decision, 0);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Who holds a policy and what it insures and has cost, in units; no holder when it was cancelled.
    function _policyOf(uint256 policyId) internal view virtual returns (address holder, uint256 sum, uint256 premium);

    function _terms(SeriesId series) internal view returns (PackedSeries) {
        return SeriesBlob.load(REGISTRY, series);
    }

    function _openAccount(SeriesId series) internal view returns (AccountWord account) {
        account = _accounts[series].word;
        if (!account.isOpen()) revert SettlementSeriesState(series, account.state());
    }

    function _firstPolicyOf(SeriesId series) internal pure returns (uint256 policyId) {
        return uint256(SeriesId.unwrap(series)) << 32;
    }

    function _decide(
        SeriesId series,
        PackedSeries terms,
        AccountWord account,
        bytes calldata season
    ) private returns (AccountWord, Decision) {
        if (terms.disputeWindow() != 0 && RECOURSE.isContested(series)) revert SettlementContested(series);
        (int256 index, uint256 payoutBps) = SeriesMeter.measure(series, terms, false, season);
        return _conclude(series, terms, account, index, payoutBps);
    }

    /// @dev The outcome: for the pool one step, whatever the number of policies.
    function _conclude(
        SeriesId series,
        PackedSeries terms,
        AccountWord account,
        int256 index,
        uint256 payoutBps
    ) private returns (AccountWord, Decision) {
        uint256 exposure = account.exposure();
        uint256 reserve;
        // 64 bits times 14.
        unchecked {
            reserve = (exposure * payoutBps) / FULL_BPS;
        }
        emit SeriesDecided(series, index, payoutBps);
        return (
            account.decided(reserve, payoutBps, SeriesState.Paying),
            Decisions.payout(exposure, reserve, terms.zone(), payoutBps)
        );
    }

    /// @dev Pays up to `max` policies from the cursor on, none of a series that owes nothing. The account is written before
    /// the pool is called, and cleared with the last payment.
    function _settle(
        SeriesId series,
        PackedSeries terms,
        Account storage slot,
        AccountWord account,
        Decision decision,
        uint256 max
    ) private returns (uint256 advanced) {
        // The cursor is never beyond the count.
        unchecked {
            advanced = account.count() - account.cursor();
        }
        bool last = advanced <= max;
        if (!last) advanced = max;
        (uint256[] memory payees, uint256 total) = _payees(series, terms.unit(), account, advanced);
        // Checked: a series never pays more than its own reserve.
        uint256 left = account.exposure() - total;
        uint256 dust;
        if (last) {
            dust = left;
            if (dust != 0) emit SeriesClosed(series, dust);
            account = SeriesAccounts.NOTHING;
        } else {
            account = account.paid(left, advanced);
        }
        slot.word = account;
        terms.pool().applyOutcome(series, decision, payees, dust);
    }

    /// @dev What each of the next policies gets, as the pool takes it, and Σ units; cancelled ones stay empty.
    function _payees(
        SeriesId series,
        uint256 unit,
        AccountWord account,
        uint256 count
    ) private returns (uint256[] memory payees, uint256 total) {
        // The loop writes every element, so that none is cleared before.
        assembly ("memory-safe") {
            payees := mload(0x40)
            mstore(payees, count)
            mstore(0x40, add(add(payees, 0x20), shl(5, count)))
        }
        // Below 2^32 policies of 48 bits each.
        unchecked {
            uint256 policyId = _firstPolicyOf(series) + account.cursor();
            for (uint256 i; i < count; ++i) {
                uint256 payee = _payee(policyId + i, account, unit);
                total += payee >> 160;
                assembly ("memory-safe") {
                    mstore(add(add(payees, 0x20), shl(5, i)), payee)
                }
            }
        }
    }

    function _payee(uint256 policyId, AccountWord account, uint256 unit) private returns (uint256) {
        (address holder, uint256 sum, uint256 premium) = _policyOf(policyId);
        if (holder == address(0)) return 0;
        // 48 bits times 14, and 48 times 64.
        unchecked {
            uint256 units = account.isRefunding() ? premium : (sum * account.payoutBps()) / FULL_BPS;
            emit PolicyPaid(policyId, holder, units * unit);
            return (units << 160) | uint160(holder);
        }
    }
}
