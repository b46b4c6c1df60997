// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Identifies a feed: digest of its canonical description.
type FeedId is bytes32;

/// @notice One agreed value of a feed.
struct FeedRound {
    /// @notice The median, in the feed's own unit.
    int128 value;
    /// @notice When the sensors observed it, unix seconds.
    uint40 observedAt;
    /// @notice When the chain stored it, unix seconds.
    uint40 updatedAt;
    /// @notice Number of the round; strictly increasing, first round is 1 or later.
    uint32 round;
    /// @notice Bit 0: SUSPECT, outside the feed's declared plausible range. Stored all the same.
    uint8 flags;
}

/// @title IFeedReader
/// @notice The small, stable half of a feed: what consumers (insurance, energy, relief …) read.
interface IFeedReader {
    /// @notice The latest round, fresh within the feed's heartbeat.
    /// @dev Reverts `FeedStale` when the last observation is older than the heartbeat, `FeedWithoutData` when none exists.
    function read(FeedId feed) external view returns (FeedRound memory round);

    /// @notice The latest round whatever its age; never reverts.
    /// @return round All zero when the feed has no data.
    /// @return fresh Whether it is within the heartbeat.
    function tryRead(FeedId feed) external view returns (FeedRound memory round, bool fresh);

    /// @notice Round `number` while the history still holds it.
    /// @dev Reverts `FeedRoundUnavailable` when the round was skipped, lies ahead or has been overwritten.
    function readRound(FeedId feed, uint32 number) external view returns (FeedRound memory round);
}
