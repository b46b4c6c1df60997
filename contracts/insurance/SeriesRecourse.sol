// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeedId, FeedRound, IFeedReader} from "../foundation/interfaces/IFeedReader.sol";
import {ISensorFeeds, SignedReading} from "../foundation/interfaces/ISensorFeeds.sol";
import {DeviceSignatures} from "../foundation/libraries/DeviceSignatures.sol";
import {IPolicySettlement, SeriesState} from "./interfaces/IPolicySettlement.sol";
import {Equivocation, ISeriesRecourse} from "./interfaces/ISeriesRecourse.sol";
import {ISeriesRegistry} from "./interfaces/ISeriesRegistry.sol";
import {SeriesId} from "./interfaces/IUnderwritingPool.sol";
import {PackedSeries, SeriesBlob} from "./libraries/SeriesBlob.sol";
import {SeriesMeter} from "./libraries/SeriesMeter.sol";

/// @title SeriesRecourse
/// @notice What is left when a series' feed is silent or lies. See `ISeriesRecourse`.
/// @dev Has no owner and no pause, and keeps nothing but the contested series.
contract SeriesRecourse is ISeriesRecourse {
    /// @notice Seconds after the last grace period from which a refund needs no proof of missing data.
    uint256 public constant LAST_RESORT = 180 days;

    /// @dev More than any honest feed needs to answer: with this much left, a revert is the feed's own.
    uint256 private constant READ_GAS = 200_000;

    /// @notice Keeps the series' terms.
    ISeriesRegistry public immutable REGISTRY;

    /// @inheritdoc ISeriesRecourse
    mapping(SeriesId series => bool contested) public isContested;

    /// @param registry Keeps the series' terms.
    constructor(ISeriesRegistry registry) {
        REGISTRY = registry;
    }

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ISeriesRecourse
    function preview(SeriesId series, bytes calldata season) external view returns (int256 index, uint256 payoutBps) {
        return SeriesMeter.measure(series, SeriesBlob.load(REGISTRY, series), false, season);
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ISeriesRecourse
    function decideByFallback(
        SeriesId series,
        uint32 missingRound,
        bytes calldata season
    ) external returns (uint256 payoutBps) {
        PackedSeries terms = SeriesBlob.load(REGISTRY, series);
        if (address(terms.fallbackFeeds()) == address(0)) revert RecourseNoFallback(series);
        if (!isContested[series]) _requireMissing(series, terms, false, missingRound);
        int256 index;
        (index, payoutBps) = SeriesMeter.measure(series, terms, true, season);
        _bookOf(terms).conclude(series, index, payoutBps);
    }

    /// @inheritdoc ISeriesRecourse
    function refund(SeriesId series, uint32 missingRound, uint32 missingFallbackRound) external {
        PackedSeries terms = SeriesBlob.load(REGISTRY, series);
        if (block.timestamp <= SeriesMeter.deadline(terms, true) + LAST_RESORT) {
            if (!isContested[series]) _requireMissing(series, terms, false, missingRound);
            if (address(terms.fallbackFeeds()) != address(0))
                _requireMissing(series, terms, true, missingFallbackRound);
        }
        _bookOf(terms).concludeWithoutData(series);
    }

    /// @inheritdoc ISeriesRecourse
    function contest(SeriesId series, uint32 round, Equivocation[] calldata proofs) external {
        PackedSeries terms = SeriesBlob.load(REGISTRY, series);
        SeriesState state = _bookOf(terms).accountOf(series).state;
        if (state != SeriesState.Open) revert RecourseTooLate(series);
        if (terms.disputeWindow() == 0 || round < terms.firstRound() || round > terms.lastRound())
            revert RecourseEvidenceInvalid(proofs.length);
        ISensorFeeds feeds = ISensorFeeds(address(terms.feeds()));
        bytes32 previous;
        for (uint256 i; i < proofs.length; ++i) {
            Equivocation calldata proof = proofs[i];
            bytes32 keyHash = keccak256(abi.encode(proof.key));
            if (
                keyHash <= previous ||
                proof.first.value == proof.second.value ||
                !feeds.isEjected(terms.feed(), proof.key) ||
                !_isSigned(feeds, terms.feed(), round, proof, proof.first) ||
                !_isSigned(feeds, terms.feed(), round, proof, proof.second)
            ) revert RecourseEvidenceInvalid(i);
            previous = keyHash;
        }
        if (proofs.length == 0 || proofs.length * 2 < feeds.configOf(terms.feed()).quorum)
            revert RecourseEvidenceInvalid(proofs.length);
        isContested[series] = true;
        emit SeriesContested(series, round, proofs.length, msg.sender);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _bookOf(PackedSeries terms) private view returns (IPolicySettlement) {
        return IPolicySettlement(terms.pool().BOOK());
    }

    /// @dev Proof that a feed cannot decide the series any more.
    function _requireMissing(SeriesId series, PackedSeries terms, bool second, uint32 round) private view {
        uint256 deadline = SeriesMeter.deadline(terms, second);
        if (block.timestamp <= deadline) revert RecourseTooEarly(series, deadline + 1);
        if (gasleft() < READ_GAS) revert RecourseGasTooLow(gasleft());
        bool missing;
        if (round >= terms.firstRound() && round <= terms.lastRound()) {
            (IFeedReader feeds, FeedId feed) = SeriesMeter.sourceOf(terms, second);
            try feeds.readRound(feed, round) returns (FeedRound memory data) {
                missing = !SeriesMeter.counts(terms, second, data.observedAt, data.updatedAt);
            } catch {
                missing = true;
            }
        }
        if (!missing) revert RecourseRoundAvailable(series, round);
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
}
