// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedId, IFeedReader} from "../../foundation/interfaces/IFeedReader.sol";
import {IndexTerms} from "../libraries/IndexEngine.sol";
import {IUnderwritingPool, SeriesId} from "./IUnderwritingPool.sol";

/// @notice The terms of a series: fixed when it is opened, the same for all its policies, kept in a code blob.
struct Terms {
    /// @notice A short name for people, at most 31 characters of UTF-8.
    bytes32 name;
    /// @notice The capital behind it.
    IUnderwritingPool pool;
    /// @notice The contract that keeps the measurements.
    IFeedReader feeds;
    /// @notice The feed the index is computed from, in that feed's unit.
    FeedId feed;
    /// @notice The set that answers when the first one has not, or has been contested; zero for none.
    IFeedReader fallbackFeeds;
    FeedId fallbackFeed;
    /// @notice First and last round of the window, both included; at most 512 rounds. Of a season: the one round in which
    /// the feed attests the packed values' digest.
    uint32 firstRound;
    uint32 lastRound;
    /// @notice Values of a packed season, whose digest alone is in the feed; 0 when each value is a round.
    uint16 seasonValues;
    /// @notice The insured time, unix seconds: values count when observed within [start, end].
    uint40 start;
    uint40 end;
    /// @notice Sales stop this many seconds before the start.
    uint32 leadTime;
    /// @notice Data of the window may still arrive this many seconds after the end; the fallback's as many again.
    uint32 grace;
    /// @notice Seconds between the last value's arrival and the decision, in which it can be contested.
    uint32 disputeWindow;
    /// @notice Last second in which a policy can be cancelled; 0 for never. Not after the end.
    uint40 cancelUntil;
    /// @notice Kept from the refund of a cancelled policy, basis points.
    uint16 cancelFeeBps;
    /// @notice Least premium, basis points of the sum insured: what a stolen quote key cannot sell below.
    uint16 floorBps;
    /// @notice Where one event hits all; 0 for none. Its cap is the pool's.
    uint32 zone;
    /// @notice The most the whole series may insure, base units of the asset.
    uint128 capacity;
    /// @notice How values become a payout.
    IndexTerms index;
}

/// @notice A series as recorded: its terms, and what the pool said when it accepted it.
struct Series {
    Terms terms;
    /// @notice Base units of the asset in one unit of the books.
    uint64 unit;
    /// @notice The pool's number of the window in which the premium is earned.
    uint8 window;
}

/// @title ISeriesRegistry
/// @notice Opens series of cover and keeps their terms for good, each as one code blob: see `SeriesBlob`.
interface ISeriesRegistry {
    /// @notice A series was opened; its terms can be read with `seriesOf`.
    event SeriesOpened(SeriesId indexed series, address indexed pool, bytes32 name);

    /// @notice The series does not exist.
    /// @dev Use a number `openSeries` returned.
    error PolicySeriesUnknown(SeriesId series);
    /// @notice The terms contradict themselves.
    /// @dev The field named must be mended: see the NatSpec of `Terms`.
    error PolicyTermsInvalid(string field);

    /// @notice A series' terms.
    function seriesOf(SeriesId series) external view returns (Series memory);

    /// @notice Number of series opened; they are numbered from 1.
    function seriesCount() external view returns (uint256);

    /// @notice Opens a series of cover in the book its pool belongs to.
    function openSeries(Terms calldata terms) external returns (SeriesId series);
}
