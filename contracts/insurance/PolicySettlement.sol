// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedRound} from "../foundation/interfaces/IFeedReader.sol";
import {IPolicyBook, Policy, Series, Terms} from "./interfaces/IPolicyBook.sol";
import {IPolicySettlement} from "./interfaces/IPolicySettlement.sol";
import {IUnderwritingPool, Payee, SeriesAccount, SeriesId, SeriesState} from "./interfaces/IUnderwritingPool.sol";
import {IndexEngine, IndexState} from "./libraries/IndexEngine.sol";
import {SeriesBlob} from "./libraries/SeriesBlob.sol";

/// @title PolicySettlement
/// @notice Decides and pays series. See `IPolicySettlement`.
/// @dev Has no storage, no owner and no pause: where a series stands is written in its pool.
contract PolicySettlement is IPolicySettlement {
    /// @notice Seconds after the grace period from which a refund needs no proof of missing data.
    uint256 public constant LAST_RESORT = 180 days;

    uint256 private constant FULL_BPS = 10_000;
    /// @dev More than any honest feed needs to answer: with this much left, a revert is the feed's own.
    uint256 private constant READ_GAS = 200_000;

    /// @notice The book whose policies are settled here.
    IPolicyBook public immutable BOOK;

    /// @param book The policy book.
    constructor(IPolicyBook book) {
        BOOK = book;
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function preview(SeriesId series) external view returns (int256 index, uint256 payoutBps) {
        return _measure(series, _terms(series));
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function decide(SeriesId series) external returns (uint256 payoutBps) {
        return _decide(series, _terms(series));
    }

    /// @inheritdoc IPolicySettlement
    function settle(SeriesId series, uint256 max) external returns (uint256 advanced) {
        return _settle(series, _terms(series), max);
    }

    /// @inheritdoc IPolicySettlement
    function decideAndSettle(SeriesId series, uint256 max) external returns (uint256 payoutBps, uint256 advanced) {
        Terms memory terms = _terms(series);
        payoutBps = _decide(series, terms);
        if (payoutBps != 0) advanced = _settle(series, terms, max);
    }

    /// @inheritdoc IPolicySettlement
    function refund(SeriesId series, uint32 missingRound) external {
        Terms memory terms = _terms(series);
        uint256 graceEnd = uint256(terms.end) + terms.grace;
        if (block.timestamp <= graceEnd) revert SettlementTooEarly(series, graceEnd + 1);
        if (block.timestamp <= graceEnd + LAST_RESORT && !_isMissing(terms, missingRound))
            revert SettlementRoundAvailable(series, missingRound);
        emit SeriesRefunded(series, missingRound, msg.sender);
        terms.pool.decide(series, terms.zone, 0, true);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _terms(SeriesId id) private view returns (Terms memory) {
        (bool exists, Series memory series) = SeriesBlob.read(address(BOOK), id);
        if (!exists) revert IPolicyBook.PolicySeriesUnknown(id);
        return series.terms;
    }

    function _decide(SeriesId series, Terms memory terms) private returns (uint256 payoutBps) {
        int256 index;
        (index, payoutBps) = _measure(series, terms);
        emit SeriesDecided(series, index, payoutBps, msg.sender);
        terms.pool.decide(series, terms.zone, uint16(payoutBps), false);
    }

    function _measure(SeriesId series, Terms memory terms) private view returns (int256 index, uint256 payoutBps) {
        IndexState memory state;
        for (uint256 round = terms.firstRound; round <= terms.lastRound; ++round) {
            FeedRound memory data = terms.feeds.readRound(terms.feed, uint32(round));
            if (!_counts(terms, data))
                revert SettlementDataOutsideWindow(series, round, data.observedAt, data.updatedAt);
            IndexEngine.add(terms.index, state, data.value);
        }
        index = state.index;
        payoutBps = IndexEngine.payoutBps(terms.index, index);
    }

    /// @dev Observed within the insured time and stored before the grace period ended.
    function _counts(Terms memory terms, FeedRound memory data) private pure returns (bool) {
        return
            data.observedAt >= terms.start &&
            data.observedAt <= terms.end &&
            data.updatedAt <= uint256(terms.end) + terms.grace;
    }

    function _isMissing(Terms memory terms, uint32 round) private view returns (bool) {
        if (round < terms.firstRound || round > terms.lastRound) return false;
        if (gasleft() < READ_GAS) revert SettlementGasTooLow(gasleft());
        try terms.feeds.readRound(terms.feed, round) returns (FeedRound memory data) {
            return !_counts(terms, data);
        } catch {
            return true;
        }
    }

    function _settle(SeriesId series, Terms memory terms, uint256 max) private returns (uint256 advanced) {
        IUnderwritingPool pool = terms.pool;
        SeriesAccount memory account = pool.seriesOf(series);
        if (account.state == SeriesState.Closed) return 0;
        bool refunding = account.state == SeriesState.Refunding;
        if (!refunding && account.state != SeriesState.Paying) revert SettlementSeriesState(series, account.state);
        uint256 payableFrom = uint256(account.decidedAt) + terms.disputeWindow;
        if (!refunding && block.timestamp < payableFrom) revert SettlementDisputeOpen(series, payableFrom);

        advanced = account.count - account.cursor;
        if (advanced > max) advanced = max;
        if (advanced != 0) pool.pay(series, uint32(advanced), _payees(series, account, advanced, refunding));
    }

    /// @dev What each of the next policies gets; cancelled ones get no line.
    function _payees(
        SeriesId series,
        SeriesAccount memory account,
        uint256 count,
        bool refunding
    ) private view returns (Payee[] memory payees) {
        Policy[] memory policies = BOOK.policiesOf(series, account.cursor, count);
        uint256 held;
        for (uint256 i; i < count; ++i) if (policies[i].holder != address(0)) ++held;
        payees = new Payee[](held);
        uint256 policyId = (uint256(SeriesId.unwrap(series)) << 32) | account.cursor;
        held = 0;
        for (uint256 i; i < count; ++i) {
            Policy memory policy = policies[i];
            if (policy.holder == address(0)) continue;
            uint256 units = refunding ? policy.premiumUnits : (uint256(policy.sumUnits) * account.payoutBps) / FULL_BPS;
            payees[held++] = Payee(policyId + i, policy.holder, uint64(units));
        }
    }
}
