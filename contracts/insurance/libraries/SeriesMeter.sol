// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedId, FeedRound, IFeedReader} from "../../foundation/interfaces/IFeedReader.sol";
import {IPolicySettlement} from "../interfaces/IPolicySettlement.sol";
import {SeriesId} from "../interfaces/IUnderwritingPool.sol";
import {IndexEngine, IndexState, IndexTerms} from "./IndexEngine.sol";
import {PackedSeries} from "./SeriesBlob.sol";

/// @title SeriesMeter
/// @notice Reads a series' data from its feed, or from its fallback feed (`second`), and computes its index.
library SeriesMeter {
    /// @notice The index and the share of the sums insured it pays; reverts while the data are not complete.
    function measure(
        SeriesId series,
        PackedSeries terms,
        bool second,
        bytes calldata season
    ) internal view returns (int256 index, uint256 payoutBps) {
        IndexTerms memory indexTerms = terms.indexTerms();
        uint256 latest;
        if (terms.seasonValues() != 0) {
            latest = _requireAttested(series, terms, second, season);
            index = IndexEngine.measure(indexTerms, season);
        } else {
            IndexState memory state;
            uint256 last = terms.lastRound();
            for (uint256 round = terms.firstRound(); round <= last; ++round) {
                (int256 value, uint256 updatedAt) = _read(series, terms, second, uint32(round));
                if (updatedAt > latest) latest = updatedAt;
                IndexEngine.add(indexTerms, state, value);
            }
            index = state.index;
        }
        uint256 decidableFrom = latest + terms.disputeWindow();
        if (block.timestamp < decidableFrom) revert IPolicySettlement.SettlementDisputeOpen(series, decidableFrom);
        payoutBps = IndexEngine.payoutBps(indexTerms, index);
    }

    /// @notice Until when data must have arrived: the first feed's, or the fallback's, where there is one.
    function deadline(PackedSeries terms, bool second) internal pure returns (uint256) {
        bool twice = second && address(terms.fallbackFeeds()) != address(0);
        return terms.end() + (twice ? 2 * terms.grace() : terms.grace());
    }

    /// @notice Observed within the insured time (a season's digest: when it was over) and stored in time.
    function counts(PackedSeries terms, bool second, FeedRound memory data) internal pure returns (bool) {
        if (data.updatedAt > deadline(terms, second)) return false;
        if (terms.seasonValues() != 0) return data.observedAt >= terms.end();
        return data.observedAt >= terms.start() && data.observedAt <= terms.end();
    }

    /// @notice The contract and the feed that answer.
    function sourceOf(PackedSeries terms, bool second) internal pure returns (IFeedReader feeds, FeedId feed) {
        return second ? (terms.fallbackFeeds(), terms.fallbackFeed()) : (terms.feeds(), terms.feed());
    }

    /// @dev The feed attests a packed season by the upper half of its digest, which is what a value holds: whoever hands in
    /// the season would have to find a second one with the same 128 bits.
    function _requireAttested(
        SeriesId series,
        PackedSeries terms,
        bool second,
        bytes calldata season
    ) private view returns (uint256 updatedAt) {
        int256 value;
        (value, updatedAt) = _read(series, terms, second, terms.firstRound());
        bytes16 attested = bytes16(uint128(uint256(value)));
        bytes16 given = bytes16(keccak256(season));
        if (attested != given || season.length != 2 * terms.seasonValues())
            revert IPolicySettlement.SettlementSeasonMismatch(series, attested, given);
    }

    function _read(
        SeriesId series,
        PackedSeries terms,
        bool second,
        uint32 round
    ) private view returns (int256 value, uint256 updatedAt) {
        (IFeedReader feeds, FeedId feed) = sourceOf(terms, second);
        FeedRound memory data = feeds.readRound(feed, round);
        if (!counts(terms, second, data))
            revert IPolicySettlement.SettlementDataOutsideWindow(series, round, data.observedAt, data.updatedAt);
        return (data.value, data.updatedAt);
    }
}
