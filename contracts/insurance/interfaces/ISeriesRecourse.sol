// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SensorKey, SignedReading} from "../../foundation/interfaces/ISensorFeeds.sol";
import {SeriesId} from "./IUnderwritingPool.sol";

/// @notice Evidence that one sensor signed two different values for one round.
struct Equivocation {
    SensorKey key;
    uint16 epoch;
    SignedReading first;
    SignedReading second;
}

/// @title ISeriesRecourse
/// @notice What is left when a series' feed is silent or lies: contest it, decide by the fallback feed, refund the premiums.
/// Anyone may call everything; evidence decides, and nobody's judgement.
/// @dev When the first feed has not answered by `end + grace`, or was contested, the fallback feed decides; when that has not
/// answered by `end + 2 · grace` either, the premiums go back. `season` is as in `IPolicySettlement`.
interface ISeriesRecourse {
    /// @notice Half a quorum of the series' sensors contradicted themselves in `round`: its feed does not decide it.
    event SeriesContested(SeriesId indexed series, uint32 indexed round, uint256 sensors, address indexed caller);

    /// @notice The series is decided: there is nothing left to contest.
    /// @dev Contest within the dispute window.
    error RecourseTooLate(SeriesId series);
    /// @notice The evidence does not reach half a quorum of distinct sensors that contradicted themselves in this round.
    /// @dev Prove each equivocation to the feed first, then hand in all of them in ascending order of the keys' hashes.
    error RecourseEvidenceInvalid(uint256 position);

    /// @notice The data may still come.
    /// @dev Call again from `from` on, if they have not.
    error RecourseTooEarly(SeriesId series, uint256 from);
    /// @notice The round named is there: the series can be decided by its feed.
    /// @dev Call `decide`, or name a round that is really missing.
    error RecourseRoundAvailable(SeriesId series, uint256 round);
    /// @notice The series has no fallback feed.
    /// @dev Refund it instead.
    error RecourseNoFallback(SeriesId series);
    /// @notice Too little gas was sent to be sure that the data are missing.
    /// @dev Send more gas.
    error RecourseGasTooLow(uint256 left);

    /// @notice Whether the series' feed was contested.
    function isContested(SeriesId series) external view returns (bool);

    /// @notice Strikes out the feed's data for this series, within the dispute window: at least half of its quorum signed
    /// two different values for one round of the window, so that its median says nothing.
    function contest(SeriesId series, uint32 round, Equivocation[] calldata proofs) external;

    /// @notice The index of `series` as its feed stands, and the share of the sum insured it pays.
    /// @dev Reverts as `decide` would.
    function preview(SeriesId series, bytes calldata season) external view returns (int256 index, uint256 payoutBps);

    /// @notice Decides by the fallback feed, when the first one did not answer in time or was contested.
    /// @param missingRound A round of the window that is missing in the first feed, late, or observed outside the window.
    function decideByFallback(
        SeriesId series,
        uint32 missingRound,
        bytes calldata season
    ) external returns (uint256 payoutBps);

    /// @notice Turns an open series whose data did not come in time into premium refunds.
    /// @param missingRound A round that is missing in the first feed, late, or observed outside the window.
    /// @param missingFallbackRound Likewise in the fallback feed, where there is one. Neither is asked for once
    /// `LAST_RESORT` has passed since the last grace period: money is never stuck.
    function refund(SeriesId series, uint32 missingRound, uint32 missingFallbackRound) external;
}
