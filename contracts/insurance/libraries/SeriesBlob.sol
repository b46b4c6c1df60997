// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {FeedId, IFeedReader} from "../../foundation/interfaces/IFeedReader.sol";
import {ISeriesRegistry, Series, Terms} from "../interfaces/ISeriesRegistry.sol";
import {IUnderwritingPool, SeriesId} from "../interfaces/IUnderwritingPool.sol";
import {IndexKind, IndexTerms} from "./IndexEngine.sol";

/// @notice A series as its blob holds it, from the lowest bits up:
///
///     life          160 pool | 40 start | 40 end | 8 window | 8 kind
///     source        160 feeds | 32 firstRound | 32 lastRound | 16 seasonValues | 16 cancelFeeBps
///     second        160 fallbackFeeds | 32 leadTime | 32 grace | 32 disputeWindow
///     money         128 capacity | 64 unit | 40 cancelUntil | 16 floorBps
///     index         64 threshold | 64 attachment | 64 exit | 32 zone
struct PackedSeries {
    uint256 life;
    uint256 source;
    FeedId feed;
    uint256 second;
    FeedId fallbackFeed;
    uint256 money;
    uint256 index;
    uint256 tiers;
    uint256 area;
    bytes32 name;
}

using SeriesBlob for PackedSeries global;

/// @title SeriesBlob
/// @notice Keeps a series as the code of an account whose address follows from the registry's address and the number.
/// @dev One read costs one cold account instead of a slot a field, and no slot is needed to find it. Readers take the
/// fields they need out of the packed words; `unpack` is for people.
library SeriesBlob {
    uint256 private constant BYTES = 320;

    /// @notice Writes the blob of `series`, once.
    function write(SeriesId id, Series memory series) internal {
        SSTORE2.writeDeterministic(abi.encode(_pack(series)), _saltOf(id));
    }

    /// @notice The blob of `series` as `registry` wrote it; reverts when there is none.
    function load(ISeriesRegistry registry, SeriesId id) internal view returns (PackedSeries memory series) {
        address pointer = SSTORE2.predictDeterministicAddress(_saltOf(id), address(registry));
        assembly ("memory-safe") {
            // The code's first byte is the STOP that makes it data. Where there is no code, zeros are read.
            extcodecopy(pointer, series, 1, BYTES)
        }
        if (series.life == 0) revert ISeriesRegistry.PolicySeriesUnknown(id);
    }

    // ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function pool(PackedSeries memory series) internal pure returns (IUnderwritingPool) {
        return IUnderwritingPool(address(uint160(series.life)));
    }

    function start(PackedSeries memory series) internal pure returns (uint256) {
        return uint40(series.life >> 160);
    }

    function end(PackedSeries memory series) internal pure returns (uint256) {
        return uint40(series.life >> 200);
    }

    function window(PackedSeries memory series) internal pure returns (uint8) {
        return uint8(series.life >> 240);
    }

    function feeds(PackedSeries memory series) internal pure returns (IFeedReader) {
        return IFeedReader(address(uint160(series.source)));
    }

    function firstRound(PackedSeries memory series) internal pure returns (uint32) {
        return uint32(series.source >> 160);
    }

    function lastRound(PackedSeries memory series) internal pure returns (uint32) {
        return uint32(series.source >> 192);
    }

    function seasonValues(PackedSeries memory series) internal pure returns (uint256) {
        return uint16(series.source >> 224);
    }

    function cancelFeeBps(PackedSeries memory series) internal pure returns (uint256) {
        return series.source >> 240;
    }

    function fallbackFeeds(PackedSeries memory series) internal pure returns (IFeedReader) {
        return IFeedReader(address(uint160(series.second)));
    }

    function leadTime(PackedSeries memory series) internal pure returns (uint256) {
        return uint32(series.second >> 160);
    }

    function grace(PackedSeries memory series) internal pure returns (uint256) {
        return uint32(series.second >> 192);
    }

    function disputeWindow(PackedSeries memory series) internal pure returns (uint256) {
        return series.second >> 224;
    }

    function capacity(PackedSeries memory series) internal pure returns (uint256) {
        return uint128(series.money);
    }

    function unit(PackedSeries memory series) internal pure returns (uint256) {
        return uint64(series.money >> 128);
    }

    function cancelUntil(PackedSeries memory series) internal pure returns (uint256) {
        return uint40(series.money >> 192);
    }

    function floorBps(PackedSeries memory series) internal pure returns (uint256) {
        return series.money >> 232;
    }

    function zone(PackedSeries memory series) internal pure returns (uint32) {
        return uint32(series.index >> 192);
    }

    function indexTerms(PackedSeries memory series) internal pure returns (IndexTerms memory index) {
        uint256 word = series.index;
        index.kind = IndexKind(series.life >> 248);
        index.threshold = int64(uint64(word));
        index.attachment = int64(uint64(word >> 64));
        index.exit = int64(uint64(word >> 128));
        index.tiers = series.tiers;
        index.area = uint128(series.area);
    }

    // ── whole ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice All of it, spelled out.
    function unpack(PackedSeries memory packed) internal pure returns (Series memory series) {
        Terms memory terms = series.terms;
        terms.name = packed.name;
        terms.pool = packed.pool();
        terms.feeds = packed.feeds();
        terms.feed = packed.feed;
        terms.fallbackFeeds = packed.fallbackFeeds();
        terms.fallbackFeed = packed.fallbackFeed;
        terms.firstRound = packed.firstRound();
        terms.lastRound = packed.lastRound();
        terms.seasonValues = uint16(packed.seasonValues());
        terms.start = uint40(packed.start());
        terms.end = uint40(packed.end());
        terms.leadTime = uint32(packed.leadTime());
        terms.grace = uint32(packed.grace());
        terms.disputeWindow = uint32(packed.disputeWindow());
        terms.cancelUntil = uint40(packed.cancelUntil());
        terms.cancelFeeBps = uint16(packed.cancelFeeBps());
        terms.floorBps = uint16(packed.floorBps());
        terms.zone = packed.zone();
        terms.capacity = uint128(packed.capacity());
        terms.index = packed.indexTerms();
        series.unit = uint64(packed.unit());
        series.window = packed.window();
    }

    function _pack(Series memory series) private pure returns (PackedSeries memory packed) {
        Terms memory terms = series.terms;
        IndexTerms memory index = terms.index;
        packed.life =
            uint160(address(terms.pool)) |
            (uint256(terms.start) << 160) |
            (uint256(terms.end) << 200) |
            (uint256(series.window) << 240) |
            (uint256(index.kind) << 248);
        packed.source =
            uint160(address(terms.feeds)) |
            (uint256(terms.firstRound) << 160) |
            (uint256(terms.lastRound) << 192) |
            (uint256(terms.seasonValues) << 224) |
            (uint256(terms.cancelFeeBps) << 240);
        packed.feed = terms.feed;
        packed.second =
            uint160(address(terms.fallbackFeeds)) |
            (uint256(terms.leadTime) << 160) |
            (uint256(terms.grace) << 192) |
            (uint256(terms.disputeWindow) << 224);
        packed.fallbackFeed = terms.fallbackFeed;
        packed.money =
            terms.capacity |
            (uint256(series.unit) << 128) |
            (uint256(terms.cancelUntil) << 192) |
            (uint256(terms.floorBps) << 232);
        packed.index =
            uint64(index.threshold) |
            (uint256(uint64(index.attachment)) << 64) |
            (uint256(uint64(index.exit)) << 128) |
            (uint256(terms.zone) << 192);
        packed.tiers = index.tiers;
        packed.area = index.area;
        packed.name = terms.name;
    }

    function _saltOf(SeriesId id) private pure returns (bytes32) {
        return bytes32(uint256(SeriesId.unwrap(id)));
    }
}
