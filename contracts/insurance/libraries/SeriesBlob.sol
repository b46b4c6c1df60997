// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {FeedId, IFeedReader} from "../../foundation/interfaces/IFeedReader.sol";
import {Series, Terms} from "../interfaces/IPolicyBook.sol";
import {IUnderwritingPool, SeriesId} from "../interfaces/IUnderwritingPool.sol";
import {IndexKind, IndexTerms} from "./IndexEngine.sol";

/// @title SeriesBlob
/// @notice Keeps a series as the code of an account whose address follows from the book's address and the number.
/// @dev One read costs one cold account instead of a slot a field, and no slot is needed to find it. Ten words, from the
/// lowest bits up:
///
///     0  160 pool | 40 start | 40 end | 8 window | 8 kind
///     1  160 feeds | 32 firstRound | 32 lastRound | 16 seasonValues | 16 cancelFeeBps
///     2  256 feed
///     3  160 fallbackFeeds | 32 leadTime | 32 grace | 32 disputeWindow
///     4  256 fallbackFeed
///     5  128 capacity | 64 unit | 40 cancelUntil | 16 floorBps
///     6  64 threshold | 64 attachment | 64 exit | 32 zone
///     7  256 tiers
///     8  128 area
///     9  256 name
library SeriesBlob {
    uint256 private constant WORDS = 10;

    /// @notice Writes the blob of `series`, once.
    function write(SeriesId id, Series memory series) internal {
        Terms memory terms = series.terms;
        IndexTerms memory index = terms.index;
        uint256[WORDS] memory words;
        words[0] =
            uint160(address(terms.pool)) |
            (uint256(terms.start) << 160) |
            (uint256(terms.end) << 200) |
            (uint256(series.window) << 240) |
            (uint256(index.kind) << 248);
        words[1] =
            uint160(address(terms.feeds)) |
            (uint256(terms.firstRound) << 160) |
            (uint256(terms.lastRound) << 192) |
            (uint256(terms.seasonValues) << 224) |
            (uint256(terms.cancelFeeBps) << 240);
        words[2] = uint256(FeedId.unwrap(terms.feed));
        words[3] =
            uint160(address(terms.fallbackFeeds)) |
            (uint256(terms.leadTime) << 160) |
            (uint256(terms.grace) << 192) |
            (uint256(terms.disputeWindow) << 224);
        words[4] = uint256(FeedId.unwrap(terms.fallbackFeed));
        words[5] =
            terms.capacity |
            (uint256(series.unit) << 128) |
            (uint256(terms.cancelUntil) << 192) |
            (uint256(terms.floorBps) << 232);
        words[6] =
            uint64(index.threshold) |
            (uint256(uint64(index.attachment)) << 64) |
            (uint256(uint64(index.exit)) << 128) |
            (uint256(terms.zone) << 192);
        words[7] = index.tiers;
        words[8] = index.area;
        words[9] = uint256(terms.name);
        SSTORE2.writeDeterministic(abi.encode(words), bytes32(uint256(SeriesId.unwrap(id))));
    }

    /// @notice The blob of `series` as `book` wrote it.
    /// @return exists False when the book has no such series.
    function read(address book, SeriesId id) internal view returns (bool exists, Series memory series) {
        address pointer = SSTORE2.predictDeterministicAddress(bytes32(uint256(SeriesId.unwrap(id))), book);
        if (pointer.code.length == 0) return (false, series);
        exists = true;
        uint256[WORDS] memory words = abi.decode(SSTORE2.read(pointer), (uint256[10]));
        series.unit = uint64(words[5] >> 128);
        series.window = uint8(words[0] >> 240);
        _readTerms(series.terms, words);
        _readIndex(series.terms.index, words);
    }

    function _readTerms(Terms memory terms, uint256[WORDS] memory words) private pure {
        uint256 word = words[0];
        terms.pool = IUnderwritingPool(address(uint160(word)));
        terms.start = uint40(word >> 160);
        terms.end = uint40(word >> 200);
        word = words[1];
        terms.feeds = IFeedReader(address(uint160(word)));
        terms.firstRound = uint32(word >> 160);
        terms.lastRound = uint32(word >> 192);
        terms.seasonValues = uint16(word >> 224);
        terms.cancelFeeBps = uint16(word >> 240);
        terms.feed = FeedId.wrap(bytes32(words[2]));
        word = words[3];
        terms.fallbackFeeds = IFeedReader(address(uint160(word)));
        terms.leadTime = uint32(word >> 160);
        terms.grace = uint32(word >> 192);
        terms.disputeWindow = uint32(word >> 224);
        terms.fallbackFeed = FeedId.wrap(bytes32(words[4]));
        word = words[5];
        terms.capacity = uint128(word);
        terms.cancelUntil = uint40(word >> 192);
        terms.floorBps = uint16(word >> 232);
        terms.zone = uint32(words[6] >> 192);
        terms.name = bytes32(words[9]);
    }

    function _readIndex(IndexTerms memory index, uint256[WORDS] memory words) private pure {
        index.kind = IndexKind(words[0] >> 248);
        uint256 word = words[6];
        index.threshold = int64(uint64(word));
        index.attachment = int64(uint64(word >> 64));
        index.exit = int64(uint64(word >> 128));
        index.tiers = words[7];
        index.area = uint128(words[8]);
    }
}
