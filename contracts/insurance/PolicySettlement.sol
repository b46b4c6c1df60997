// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId, FeedRound, IFeedReader} from "../foundation/interfaces/IFeedReader.sol";
import {ISensorFeeds, SignedReading} from "../foundation/interfaces/ISensorFeeds.sol";
import {DeviceSignatures} from "../foundation/libraries/DeviceSignatures.sol";
import {IPolicyBook, Policy, Series, Terms} from "./interfaces/IPolicyBook.sol";
import {Equivocation, IPolicySettlement} from "./interfaces/IPolicySettlement.sol";
import {IUnderwritingPool, Payee, SeriesAccount, SeriesId, SeriesState} from "./interfaces/IUnderwritingPool.sol";
import {IndexEngine, IndexState} from "./libraries/IndexEngine.sol";
import {SeriesBlob} from "./libraries/SeriesBlob.sol";

/// @title PolicySettlement
/// @notice Decides and pays series. See `IPolicySettlement`.
/// @dev Has no owner and no pause, and keeps nothing but the contested series: where a series stands is written in its pool.
contract PolicySettlement is IPolicySettlement {
    /// @dev A feed to decide from, and until when its data must have arrived.
    struct Source {
        IFeedReader feeds;
        FeedId feed;
        uint256 deadline;
    }

    /// @notice Seconds after the last grace period from which a refund needs no proof of missing data.
    uint256 public constant LAST_RESORT = 180 days;

    uint256 private constant FULL_BPS = 10_000;
    /// @dev More than any honest feed needs to answer: with this much left, a revert is the feed's own.
    uint256 private constant READ_GAS = 200_000;

    /// @notice The book whose policies are settled here.
    IPolicyBook public immutable BOOK;

    /// @inheritdoc IPolicySettlement
    mapping(SeriesId series => bool contested) public isContested;

    /// @param book The policy book.
    constructor(IPolicyBook book) {
        BOOK = book;
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function preview(SeriesId series, bytes calldata season) external view returns (int256 index, uint256 payoutBps) {
        Terms memory terms = _terms(series);
        return _measure(series, terms, _first(terms), season);
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IPolicySettlement
    function decide(SeriesId series, bytes calldata season) external returns (uint256 payoutBps) {
        return _decide(series, _terms(series), season);
    }

    /// @inheritdoc IPolicySettlement
    function settle(SeriesId series, uint256 max) external returns (uint256 advanced) {
        return _settle(series, _terms(series), max);
    }

    /// @inheritdoc IPolicySettlement
    function decideAndSettle(
        SeriesId series,
        bytes calldata season,
        uint256 max
    ) external returns (uint256 payoutBps, uint256 advanced) {
        Terms memory terms = _terms(series);
        payoutBps = _decide(series, terms, season);
        if (payoutBps != 0) advanced = _settle(series, terms, max);
    }

    /// @inheritdoc IPolicySettlement
    function decideByFallback(
        SeriesId series,
        uint32 missingRound,
        bytes calldata season
    ) external returns (uint256 payoutBps) {
        Terms memory terms = _terms(series);
        if (address(terms.fallbackFeeds) == address(0)) revert SettlementNoFallback(series);
        if (!isContested[series]) _requireMissing(series, terms, _first(terms), missingRound);
        int256 index;
        (index, payoutBps) = _measure(series, terms, _fallback(terms), season);
        _conclude(series, terms, index, payoutBps);
    }

    /// @inheritdoc IPolicySettlement
    function refund(SeriesId series, uint32 missingRound, uint32 missingFallbackRound) external {
        Terms memory terms = _terms(series);
        Source memory last = _fallback(terms);
        if (block.timestamp <= last.deadline + LAST_RESORT) {
            if (!isContested[series]) _requireMissing(series, terms, _first(terms), missingRound);
            if (address(terms.fallbackFeeds) != address(0)) _requireMissing(series, terms, last, missingFallbackRound);
        }
        emit SeriesRefunded(series, msg.sender);
        terms.pool.decide(series, terms.zone, 0, true);
    }

    /// @inheritdoc IPolicySettlement
    function contest(SeriesId series, uint32 round, Equivocation[] calldata proofs) external {
        Terms memory terms = _terms(series);
        SeriesState state = terms.pool.seriesOf(series).state;
        if (state != SeriesState.Open) revert SettlementSeriesState(series, state);
        if (terms.disputeWindow == 0 || round < terms.firstRound || round > terms.lastRound)
            revert SettlementEvidenceInvalid(proofs.length);
        ISensorFeeds feeds = ISensorFeeds(address(terms.feeds));
        bytes32 previous;
        for (uint256 i; i < proofs.length; ++i) {
            Equivocation calldata proof = proofs[i];
            bytes32 keyHash = keccak256(abi.encode(proof.key));
            if (
                keyHash <= previous ||
                proof.first.value == proof.second.value ||
                !feeds.isEjected(terms.feed, proof.key) ||
                !_isSigned(feeds, terms.feed, round, proof, proof.first) ||
                !_isSigned(feeds, terms.feed, round, proof, proof.second)
            ) revert SettlementEvidenceInvalid(i);
            previous = keyHash;
        }
        if (proofs.length == 0 || proofs.length * 2 < feeds.configOf(terms.feed).quorum)
            revert SettlementEvidenceInvalid(proofs.length);
        isContested[series] = true;
        emit SeriesContested(series, round, proofs.length, msg.sender);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _terms(SeriesId id) private view returns (Terms memory) {
        (bool exists, Series memory series) = SeriesBlob.read(address(BOOK), id);
        if (!exists) revert IPolicyBook.PolicySeriesUnknown(id);
        return series.terms;
    }

    function _first(Terms memory terms) private pure returns (Source memory) {
        return Source(terms.feeds, terms.feed, uint256(terms.end) + terms.grace);
    }

    function _fallback(Terms memory terms) private pure returns (Source memory) {
        bool exists = address(terms.fallbackFeeds) != address(0);
        uint256 deadline = uint256(terms.end) + uint256(terms.grace) * (exists ? 2 : 1);
        return Source(terms.fallbackFeeds, terms.fallbackFeed, deadline);
    }

    function _decide(SeriesId series, Terms memory terms, bytes calldata season) private returns (uint256 payoutBps) {
        if (terms.disputeWindow != 0 && isContested[series]) revert SettlementContested(series);
        int256 index;
        (index, payoutBps) = _measure(series, terms, _first(terms), season);
        _conclude(series, terms, index, payoutBps);
    }

    function _conclude(SeriesId series, Terms memory terms, int256 index, uint256 payoutBps) private {
        emit SeriesDecided(series, index, payoutBps, msg.sender);
        terms.pool.decide(series, terms.zone, uint16(payoutBps), false);
    }

    function _measure(
        SeriesId series,
        Terms memory terms,
        Source memory source,
        bytes calldata season
    ) private view returns (int256 index, uint256 payoutBps) {
        if (terms.seasonValues != 0) {
            _requireAttested(series, terms, source, season);
            index = IndexEngine.measure(terms.index, season);
        } else {
            IndexState memory state;
            uint256 latest;
            for (uint256 round = terms.firstRound; round <= terms.lastRound; ++round) {
                FeedRound memory data = _read(series, terms, source, uint32(round));
                if (data.updatedAt > latest) latest = data.updatedAt;
                IndexEngine.add(terms.index, state, data.value);
            }
            _requireUndisputed(series, terms, latest);
            index = state.index;
        }
        payoutBps = IndexEngine.payoutBps(terms.index, index);
    }

    /// @dev The feed attests the digest of a packed season in two rounds, its upper and its lower half.
    function _requireAttested(
        SeriesId series,
        Terms memory terms,
        Source memory source,
        bytes calldata season
    ) private view {
        FeedRound memory high = _read(series, terms, source, terms.firstRound);
        FeedRound memory low = _read(series, terms, source, terms.lastRound);
        _requireUndisputed(series, terms, low.updatedAt);
        bytes32 attested = bytes32((uint256(uint128(high.value)) << 128) | uint128(low.value));
        bytes32 given = keccak256(season);
        if (attested != given || season.length != 2 * uint256(terms.seasonValues))
            revert SettlementSeasonMismatch(series, attested, given);
    }

    function _requireUndisputed(SeriesId series, Terms memory terms, uint256 updatedAt) private view {
        uint256 decidableFrom = updatedAt + terms.disputeWindow;
        if (block.timestamp < decidableFrom) revert SettlementDisputeOpen(series, decidableFrom);
    }

    function _read(
        SeriesId series,
        Terms memory terms,
        Source memory source,
        uint32 round
    ) private view returns (FeedRound memory data) {
        data = source.feeds.readRound(source.feed, round);
        if (!_counts(terms, source, data))
            revert SettlementDataOutsideWindow(series, round, data.observedAt, data.updatedAt);
    }

    /// @dev Observed within the insured time (a season's digest: when it was over) and stored in time.
    function _counts(Terms memory terms, Source memory source, FeedRound memory data) private pure returns (bool) {
        if (data.updatedAt > source.deadline) return false;
        if (terms.seasonValues != 0) return data.observedAt >= terms.end;
        return data.observedAt >= terms.start && data.observedAt <= terms.end;
    }

    /// @dev Proof that a source cannot decide the series any more.
    function _requireMissing(SeriesId series, Terms memory terms, Source memory source, uint32 round) private view {
        if (block.timestamp <= source.deadline) revert SettlementTooEarly(series, source.deadline + 1);
        if (gasleft() < READ_GAS) revert SettlementGasTooLow(gasleft());
        bool missing;
        if (round >= terms.firstRound && round <= terms.lastRound) {
            try source.feeds.readRound(source.feed, round) returns (FeedRound memory data) {
                missing = !_counts(terms, source, data);
            } catch {
                missing = true;
            }
        }
        if (!missing) revert SettlementRoundAvailable(series, round);
    }

    function _isSigned(
        ISensorFeeds feeds,
        FeedId feed,
        uint32 round,
        Equivocation calldata proof,
        SignedReading calldata reading
    ) private view returns (bool) {
        bytes32 digest = feeds.hashReading(feed, round, reading.observedAt, reading.value, proof.epoch);
        return DeviceSignatures.verify(proof.key.curve, proof.key.x, proof.key.y, digest, reading.r, reading.vs);
    }

    function _settle(SeriesId series, Terms memory terms, uint256 max) private returns (uint256 advanced) {
        IUnderwritingPool pool = terms.pool;
        SeriesAccount memory account = pool.seriesOf(series);
        if (account.state == SeriesState.Closed) return 0;
        bool refunding = account.state == SeriesState.Refunding;
        if (!refunding && account.state != SeriesState.Paying) revert SettlementSeriesState(series, account.state);
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
