// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SensorKey, SignedReading} from "../../foundation/interfaces/ISensorFeeds.sol";
import {SeriesId, SeriesState} from "./IUnderwritingPool.sol";

/// @notice Evidence that one sensor signed two different values for one round.
struct Equivocation {
    SensorKey key;
    uint16 epoch;
    SignedReading first;
    SignedReading second;
}

/// @title IPolicySettlement
/// @notice Decides series from measured data and pays their policies. Anyone may call everything; nobody can stop it.
/// @dev A series is decided from its feed; when that has not answered by `end + grace`, or was contested, from its fallback
/// feed; when that has not answered by `end + 2 · grace` either, the premiums go back. `season` is the packed season of a
/// series with `seasonValues`, 16 bits a value, signed, big endian, and empty for all others.
interface IPolicySettlement {
    /// @notice The index of a series was computed.
    event SeriesDecided(SeriesId indexed series, int256 index, uint256 payoutBps, address indexed caller);
    /// @notice The data of a series never came; its premiums go back.
    event SeriesRefunded(SeriesId indexed series, address indexed caller);
    /// @notice Half a quorum of the series' sensors contradicted themselves in `round`: its feed does not decide it.
    event SeriesContested(SeriesId indexed series, uint32 indexed round, uint256 sensors, address indexed caller);

    /// @notice A value was observed outside the insured time, or arrived after the grace period.
    /// @dev If the window's data are not coming any more, use the fallback or `refund` after the grace period.
    error SettlementDataOutsideWindow(SeriesId series, uint256 round, uint256 observedAt, uint256 updatedAt);
    /// @notice The season handed in is not the one the feed attested.
    /// @dev Pack all values of the season in order, 16 bits each, as they were attested.
    error SettlementSeasonMismatch(SeriesId series, bytes32 attested, bytes32 given);
    /// @notice The series is not in the state this step needs.
    /// @dev Call `decide` on an open series and `settle` on a decided one.
    error SettlementSeriesState(SeriesId series, SeriesState state);
    /// @notice The data can still be contested.
    /// @dev Call again from `decidableFrom` on.
    error SettlementDisputeOpen(SeriesId series, uint256 decidableFrom);
    /// @notice The feed was contested by evidence: its data do not count.
    /// @dev Decide by the fallback, or refund when there is none.
    error SettlementContested(SeriesId series);
    /// @notice The evidence does not reach half a quorum of distinct sensors that contradicted themselves in this round.
    /// @dev Prove each equivocation to the feed first, then hand in all of them in ascending order of the keys' hashes.
    error SettlementEvidenceInvalid(uint256 position);
    /// @notice The data may still come.
    /// @dev Call again from `from` on, if they have not.
    error SettlementTooEarly(SeriesId series, uint256 from);
    /// @notice The round named is there: the series can be decided by its feed.
    /// @dev Call `decide`, or name a round that is really missing.
    error SettlementRoundAvailable(SeriesId series, uint256 round);
    /// @notice The series has no fallback feed.
    /// @dev Refund it instead.
    error SettlementNoFallback(SeriesId series);
    /// @notice Too little gas was sent to be sure that the data are missing.
    /// @dev Send more gas.
    error SettlementGasTooLow(uint256 left);

    /// @notice Whether the series' feed was contested.
    function isContested(SeriesId series) external view returns (bool);

    /// @notice The index of `series` as its feed stands, and the share of the sum insured it pays.
    /// @dev Reverts as `decide` would.
    function preview(SeriesId series, bytes calldata season) external view returns (int256 index, uint256 payoutBps);

    /// @notice Computes the index from the feed and reserves the loss.
    function decide(SeriesId series, bytes calldata season) external returns (uint256 payoutBps);

    /// @notice Pays (or refunds) up to `max` policies of a decided series, in order.
    /// @return advanced Policies dealt with; 0 when there was nothing left to do.
    function settle(SeriesId series, uint256 max) external returns (uint256 advanced);

    /// @notice `decide` and `settle` in one step.
    function decideAndSettle(
        SeriesId series,
        bytes calldata season,
        uint256 max
    ) external returns (uint256 payoutBps, uint256 advanced);

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

    /// @notice Strikes out the feed's data for this series, within the dispute window: at least half of its quorum signed
    /// two different values for one round of the window, so that its median says nothing.
    function contest(SeriesId series, uint32 round, Equivocation[] calldata proofs) external;
}
