// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedId, FeedRound, IFeedReader} from "@publica/sdk/contracts/foundation/interfaces/IFeedReader.sol";

/// @title FloodGate
/// @notice A contract as someone else would write it on top of a feed.
contract FloodGate {
    IFeedReader private immutable FEEDS;
    FeedId private immutable FEED;
    int128 private immutable LIMIT;

    constructor(IFeedReader feeds, FeedId feed, int128 limit) {
        FEEDS = feeds;
        FEED = feed;
        LIMIT = limit;
    }

    /// @notice Open when the last value is fresh and above the limit.
    function isOpen() external view returns (bool) {
        (FeedRound memory round, bool fresh) = FEEDS.tryRead(FEED);
        return fresh && round.value > LIMIT;
    }
}
