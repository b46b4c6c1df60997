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
struct SeriesWords {
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

/// @notice Where in memory a series' `SeriesWords` stand.
type PackedSeries is uint256;

using SeriesBlob for PackedSeries global;

/// @title SeriesBlob
/// @notice Keeps a series as the code of an account whose address follows from the registry's address and the number.
/// @dev One read costs one cold account instead of a slot a field, and no slot is needed to find it. Readers take the
/// fields they need out of the packed words, which no struct is filled for; `unpack` is for people.
library SeriesBlob {
    uint256 private constant BYTES = 320;
    uint256 private constant LIFE = 0;
    uint256 private constant SOURCE = 32;
    uint256 private constant FEED = 64;
    uint256 private constant SECOND = 96;
    uint256 private constant FALLBACK_FEED = 128;
    uint256 private constant MONEY = 160;
    uint256 private constant INDEX = 192;
    uint256 private constant TIERS = 224;
    uint256 private constant AREA = 256;
    uint256 private constant NAME = 288;

    /// @notice Writes the blob of `series`, once.
    function write(SeriesId id, Series memory series) internal {
        SSTORE2.writeDeterministic(abi.encode(_pack(series)), _saltOf(id));
    }

    /// @notice The blob of `series` as `registry` wrote it; reverts when there is none.
    function load(ISeriesRegistry registry, SeriesId id) internal view returns (PackedSeries series) {
        address pointer = SSTORE2.predictDeterministicAddress(_saltOf(id), address(registry));
        assembly ("memory-safe") {
            series := mload(0x40)
            mstore(0x40, add(series, BYTES))
            // The code's first byte is the STOP that makes it data. Where there is no code, zeros are read.
            extcodecopy(pointer, series, 1, BYTES)
        }
        if (_word(series, LIFE) == 0) revert ISeriesRegistry.PolicySeriesUnknown(id);
    }

    // ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function pool(PackedSeries series) internal pure returns (IUnderwritingPool) {
        return IUnderwritingPool(address(uint160(_word(series, LIFE))));
    }

    function start(PackedSeries series) internal pure returns (uint256) {
        return uint40(_word(series, LIFE) >> 160);
    }

    function end(PackedSeries series) internal pure returns (uint256) {
        return uint40(_word(series, LIFE) >> 200);
    }

    function window(PackedSeries series) internal pure returns (uint8) {
        return uint8(_word(series, LIFE) >> 240);
    }

    function feeds(PackedSeries series) internal pure returns (IFeedReader) {
        return IFeedReader(address(uint160(_word(series, SOURCE))));
    }

    function feed(PackedSeries series) internal pure returns (FeedId) {
        return FeedId.wrap(bytes32(_word(series, FEED)));
    }

    function firstRound(PackedSeries series) internal pure returns (uint32) {
        return uint32(_word(series, SOURCE) >> 160);
    }

    function lastRound(PackedSeries series) internal pure returns (uint32) {
        return uint32(_word(series, SOURCE) >> 192);
    }

    function seasonValues(PackedSeries series) internal pure returns (uint256) {
        return uint16(_word(series, SOURCE) >> 224);
    }

    function cancelFeeBps(PackedSeries series) internal pure returns (uint256) {
        return _word(series, SOURCE) >> 240;
    }

    function fallbackFeeds(PackedSeries series) internal pure returns (IFeedReader) {
        return IFeedReader(address(uint160(_word(series, SECOND))));
    }

    function fallbackFeed(PackedSeries series) internal pure returns (FeedId) {
        return FeedId.wrap(bytes32(_word(series, FALLBACK_FEED)));
    }

    function leadTime(PackedSeries series) internal pure returns (uint256) {
        return uint32(_word(series, SECOND) >> 160);
    }

    function grace(PackedSeries series) internal pure returns (uint256) {
        return uint32(_word(series, SECOND) >> 192);
    }

    function disputeWindow(PackedSeries series) internal pure returns (uint256) {
        return _word(series, SECOND) >> 224;
    }

    function capacity(PackedSeries series) internal pure returns (uint256) {
        return uint128(_word(series, MONEY));
    }

    function unit(PackedSeries series) internal pure returns (uint256) {
        return uint64(_word(series, MONEY) >> 128);
    }

    function cancelUntil(PackedSeries series) internal pure returns (uint256) {
        return uint40(_word(series, MONEY) >> 192);
    }

    function floorBps(PackedSeries series) internal pure returns (uint256) {
        return _word(series, MONEY) >> 232;
    }

    function zone(PackedSeries series) internal pure returns (uint32) {
        return uint32(_word(series, INDEX) >> 192);
    }

    function kind(PackedSeries series) internal pure returns (IndexKind) {
        return IndexKind(_word(series, LIFE) >> 248);
    }

    function threshold(PackedSeries series) internal pure returns (int64) {
        return int64(uint64(_word(series, INDEX)));
    }

    function attachment(PackedSeries series) internal pure returns (int64) {
        return int64(uint64(_word(series, INDEX) >> 64));
    }

    function exit(PackedSeries series) internal pure returns (int64) {
        return int64(uint64(_word(series, INDEX) >> 128));
    }

    function tiers(PackedSeries series) internal pure returns (uint256) {
        return _word(series, TIERS);
    }

    function area(PackedSeries series) internal pure returns (uint128) {
        return uint128(_word(series, AREA));
    }

    // ── whole ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice All of it, spelled out.
    function unpack(PackedSeries packed) internal pure returns (Series memory series) {
        Terms memory terms = series.terms;
        terms.name = bytes32(_word(packed, NAME));
        terms.pool = packed.pool();
        terms.feeds = packed.feeds();
        terms.feed = packed.feed();
        terms.fallbackFeeds = packed.fallbackFeeds();
        terms.fallbackFeed = packed.fallbackFeed();
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
        terms.index = IndexTerms(
            packed.kind(),
            packed.threshold(),
            packed.attachment(),
            packed.exit(),
            packed.tiers(),
            packed.area()
        );
        series.unit = uint64(packed.unit());
        series.window = packed.window();
    }

    function _pack(Series memory series) private pure returns (SeriesWords memory packed) {
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

    function _word(PackedSeries series, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(series, at))
        }
    }

    function _saltOf(SeriesId id) private pure returns (bytes32) {
        return bytes32(uint256(SeriesId.unwrap(id)));
    }
}
