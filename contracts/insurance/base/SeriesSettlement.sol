// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPolicySettlement, SeriesAccount, SeriesState} from "../interfaces/IPolicySettlement.sol";
import {ISeriesRecourse} from "../interfaces/ISeriesRecourse.sol";
import {ISeriesRegistry} from "../interfaces/ISeriesRegistry.sol";
import {SeriesId} from "../interfaces/IUnderwritingPool.sol";
import {Decision, Decisions} from "../libraries/Decisions.sol";
import {AccountWord} from "../libraries/SeriesAccounts.sol";
import {PackedSeries, SeriesBlob} from "../libraries/SeriesBlob.sol";
import {SeriesMeter} from "../libraries/SeriesMeter.sol";

/// @title SeriesSettlement
/// @notice The paying side of a policy book. See `IPolicySettlement`.
/// @dev Has no owner and no pause. It stands where the policies are kept: paying one takes no second contract to ask.
abstract contract SeriesSettlement is IPolicySettlement {
    uint256 internal constant FULL_BPS = 10_000;
    /// @inheritdoc IPolicySettlement
    ISeriesRegistry public immutable REGISTRY;
    /// @inheritdoc IPolicySettlement
    ISeriesRecourse public immutable RECOURSE;

    mapping(SeriesId series => AccountWord account) internal _accounts;

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
        return _accounts[series].unpack();
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function decide(SeriesId series, bytes calldata season) external returns (uint256 payoutBps) {
        (payoutBps, ) = _decide(series, season, 0);
    }

    /// @inheritdoc IPolicySettlement
    function decideAndPay(
        SeriesId series,
        bytes calldata season,
        uint256 max
    ) external returns (uint256 payoutBps, uint256 advanced) {
        return _decide(series, season, max);
    }

    /// @inheritdoc IPolicySettlement
    function settle(SeriesId series, uint256 max) external returns (uint256 advanced) {
        AccountWord account = _accounts[series];
        SeriesState state = account.state();
        if (state >= SeriesState.Closed) return 0;
        if (state < SeriesState.Paying) revert SettlementSeriesState(series, state);
        return _settle(series, _terms(series), account, Decision.wrap(0), max);
    }

    /// @inheritdoc IPolicySettlement
    function conclude(SeriesId series, int256 index, uint256 payoutBps) external onlyRecourse {
        _conclude(series, _terms(series), index, payoutBps, 0);
    }

    /// @inheritdoc IPolicySettlement
    function concludeWithoutData(SeriesId series) external onlyRecourse {
        PackedSeries terms = _terms(series);
        AccountWord account = _openAccount(series);
        uint256 reserve = account.premium();
        emit SeriesRefunded(series, reserve);
        SeriesState next = reserve == 0 ? SeriesState.Refunded : SeriesState.Refunding;
        Decision decision = Decisions.refund(account.exposure(), reserve, terms.zone());
        _settle(series, terms, account.decided(reserve, 0, next), decision, 0);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Who holds a policy and what it insures and has cost, in units; no holder when it was cancelled.
    function _policyOf(uint256 policyId) internal view virtual returns (address holder, uint256 sum, uint256 premium);

    function _terms(SeriesId series) internal view returns (PackedSeries) {
        return SeriesBlob.load(REGISTRY, series);
    }

    function _openAccount(SeriesId series) internal view returns (AccountWord account) {
        account = _accounts[series];
        SeriesState state = account.state();
        if (state != SeriesState.Open) revert SettlementSeriesState(series, state);
    }

    function _firstPolicyOf(SeriesId series) internal pure returns (uint256 policyId) {
        return uint256(SeriesId.unwrap(series)) << 32;
    }

    function _decide(
        SeriesId series,
        bytes calldata season,
        uint256 max
    ) private returns (uint256 payoutBps, uint256 advanced) {
        PackedSeries terms = _terms(series);
        if (terms.disputeWindow() != 0 && RECOURSE.isContested(series)) revert SettlementContested(series);
        int256 index;
        (index, payoutBps) = SeriesMeter.measure(series, terms, false, season);
        advanced = _conclude(series, terms, index, payoutBps, max);
    }

    /// @dev The outcome and up to `max` payments: for the pool one step, whatever the number of policies.
    function _conclude(
        SeriesId series,
        PackedSeries terms,
        int256 index,
        uint256 payoutBps,
        uint256 max
    ) private returns (uint256 advanced) {
        AccountWord account = _openAccount(series);
        uint256 exposure = account.exposure();
        uint256 reserve = (exposure * payoutBps) / FULL_BPS;
        emit SeriesDecided(series, index, payoutBps, reserve);
        Decision decision = Decisions.payout(exposure, reserve, terms.zone(), payoutBps);
        if (reserve == 0) account = account.decided(0, payoutBps, SeriesState.Closed);
        else account = account.decided(reserve, payoutBps, SeriesState.Paying);
        return _settle(series, terms, account, decision, max);
    }

    /// @dev Pays up to `max` policies from the cursor on; the account is written before the pool is called.
    function _settle(
        SeriesId series,
        PackedSeries terms,
        AccountWord account,
        Decision decision,
        uint256 max
    ) private returns (uint256 advanced) {
        uint256[] memory payees;
        uint256 dust;
        if (account.state() < SeriesState.Closed) {
            advanced = account.count() - account.cursor();
            bool last = advanced <= max;
            if (!last) advanced = max;
            (payees, account) = _payees(series, terms.unit(), account, advanced);
            if (last) {
                dust = account.exposure();
                if (dust != 0) emit SeriesClosed(series, dust);
                account = account.closed();
            }
        }
        _accounts[series] = account;
        terms.pool().applyOutcome(series, decision, payees, dust);
    }

    /// @dev What each of the next policies gets, as the pool takes it; cancelled ones stay empty.
    function _payees(
        SeriesId series,
        uint256 unit,
        AccountWord account,
        uint256 count
    ) private returns (uint256[] memory payees, AccountWord) {
        payees = new uint256[](count);
        uint256 policyId = _firstPolicyOf(series) + account.cursor();
        uint256 total;
        for (uint256 i; i < count; ++i) {
            uint256 payee = _payee(policyId + i, account, unit);
            total += payee >> 160;
            payees[i] = payee;
        }
        return (payees, account.paid(total, count));
    }

    function _payee(uint256 policyId, AccountWord account, uint256 unit) private returns (uint256) {
        (address holder, uint256 sum, uint256 premium) = _policyOf(policyId);
        if (holder == address(0)) return 0;
        bool refunding = account.state() == SeriesState.Refunding;
        uint256 units = refunding ? premium : (sum * account.payoutBps()) / FULL_BPS;
        emit PolicyPaid(policyId, holder, units * unit);
        return (units << 160) | uint160(holder);
    }
}
