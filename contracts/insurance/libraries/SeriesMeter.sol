// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedId, IFeedReader} from "../../foundation/interfaces/IFeedReader.sol";
import {IPolicySettlement} from "../interfaces/IPolicySettlement.sol";
import {SeriesId} from "../interfaces/IUnderwritingPool.sol";
import {IndexEngine, IndexTerms} from "./IndexEngine.sol";
import {PackedSeries} from "./SeriesBlob.sol";

/// @dev `IFeedReader.readRound`, of whose answer only the first three words are decoded.
interface IFeedValues {
    function readRound(
        FeedId feed,
        uint32 round
    ) external view returns (int128 value, uint40 observedAt, uint40 updatedAt);
}

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
        IndexTerms memory indexTerms = IndexTerms(
            terms.kind(),
            terms.threshold(),
            terms.attachment(),
            terms.exit(),
            terms.tiers(),
            terms.area()
        );
        uint256 latest;
        if (terms.seasonValues() != 0) {
            latest = _requireAttested(series, terms, second, season);
            index = IndexEngine.measure(indexTerms, season);
        } else {
            (index, latest) = _measureRounds(series, terms, second, indexTerms);
        }
        uint256 decidableFrom;
        // 40 and 32 bits.
        unchecked {
            decidableFrom = latest + terms.disputeWindow();
        }
        if (block.timestamp < decidableFrom) revert IPolicySettlement.SettlementDisputeOpen(series, decidableFrom);
        payoutBps = IndexEngine.payoutBps(indexTerms, index);
    }

    /// @notice Until when data must have arrived: the first feed's, or the fallback's, where there is one.
    function deadline(PackedSeries terms, bool second) internal pure returns (uint256) {
        bool twice = second && address(terms.fallbackFeeds()) != address(0);
        // 40 and 33 bits.
        unchecked {
            return terms.end() + (twice ? 2 * terms.grace() : terms.grace());
        }
    }

    /// @notice Observed within the insured time (a season's digest: when it was over) and stored in time.
    function counts(
        PackedSeries terms,
        bool second,
        uint256 observedAt,
        uint256 updatedAt
    ) internal pure returns (bool) {
        if (updatedAt > deadline(terms, second)) return false;
        if (terms.seasonValues() != 0) return observedAt >= terms.end();
        return observedAt >= terms.start() && observedAt <= terms.end();
    }

    /// @notice The contract and the feed that answer.
    function sourceOf(PackedSeries terms, bool second) internal pure returns (IFeedReader feeds, FeedId feed) {
        return second ? (terms.fallbackFeeds(), terms.fallbackFeed()) : (terms.feeds(), terms.feed());
    }

    /// @dev The index of single rounds, in order, and when the last of them was stored.
    function _measureRounds(
        SeriesId series,
        PackedSeries terms,
        bool second,
        IndexTerms memory indexTerms
    ) private view returns (int256 index, uint256 latest) {
        uint256 first = terms.firstRound();
        uint256 last = terms.lastRound();
        uint256 run;
        for (uint256 round = first; round <= last;) {
            (int256 value, uint256 updatedAt) = _read(series, terms, second, uint32(round));
            if (updatedAt > latest) latest = updatedAt;
            (index, run) = IndexEngine.next(indexTerms, round == first, index, run, value);
            // `last` is of 32 bits.
            unchecked {
                ++round;
            }
        }
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
        uint256 observedAt;
        (value, observedAt, updatedAt) = IFeedValues(address(feeds)).readRound(feed, round);
        if (!counts(terms, second, observedAt, updatedAt))
            revert IPolicySettlement.SettlementDataOutsideWindow(series, round, observedAt, updatedAt);
    }
}
