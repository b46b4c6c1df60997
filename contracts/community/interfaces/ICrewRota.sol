// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CrewTerms} from "../libraries/TermsWords.sol";

/// @notice A crew's standing figures.
struct CrewFigures {
    /// @notice Open orders of member i in byte i.
    uint128 loads;
    /// @notice Bit i: seat i is held.
    uint16 active;
    /// @notice Seats ever used.
    uint8 size;
    /// @notice Length of a shift, seconds.
    uint24 shiftLength;
    /// @notice When shift 0 began, unix seconds.
    uint32 epoch;
    /// @notice Of the crew's terms, beside the loads because proving a repair needs both.
    uint24 verifySpan;
    uint8 verifyCount;
}

/// @title ICrewRota
/// @notice Crews, who is on duty when, and whom an order goes to.
interface ICrewRota {
    event CrewFounded(
        uint16 indexed crew,
        address indexed principal,
        address lead,
        address backup,
        uint24 shiftLength,
        CrewTerms terms
    );
    event MemberJoined(uint16 indexed crew, uint8 indexed seat, address indexed member);
    event MemberLeft(uint16 indexed crew, uint8 indexed seat, address indexed member);
    event AvailabilitySet(uint16 indexed crew, uint8 indexed seat, uint32 indexed period, uint16 shifts);
    event RotaPointLost(uint16 indexed crew, uint8 indexed seat, uint32 points);

    /// @notice Terms with a zero among them, or a shift shorter than an hour.
    /// @dev Give every stage a time, at least two proving readings and a shift of at least an hour.
    error CrewTermsInvalid();
    /// @notice Only the crew's principal does this.
    /// @dev Call from the account that founded the crew.
    error CrewNotPrincipal(uint16 crew, address caller);
    /// @notice The account holds no valid technician's credential, or still holds the one it should have lost.
    /// @dev Have it issued or renewed; a member can be removed by anyone only after the credential has ended.
    error CrewMemberCredential(address member);
    /// @notice All seats of the crew are taken.
    /// @dev Remove a member, or found another crew.
    error CrewFull(uint16 crew);
    /// @notice The caller does not hold this seat.
    /// @dev Look the seat up and call from the account that holds it.
    error CrewNotSeatHolder(uint16 crew, uint8 seat, address caller);
    /// @notice Availability is set in advance; this period is over.
    /// @dev Choose the running period or a later one.
    error CrewPeriodOver(uint16 crew, uint32 period);

    /// @notice How many crews were founded; numbers run from 1.
    function crewCount() external view returns (uint16);

    /// @notice Figures of a crew.
    function figuresOf(uint16 crew) external view returns (CrewFigures memory);

    /// @notice Terms of a crew.
    function termsOf(uint16 crew) external view returns (CrewTerms memory);

    /// @notice Who holds a seat and how many rota points they lost.
    function seatOf(uint16 crew, uint8 seat) external view returns (address holder, uint32 pointsLost);

    /// @notice Sixteen shifts of a crew: bit 16·shift + seat.
    function availabilityOf(uint16 crew, uint32 period) external view returns (uint256);

    /// @notice Founds a crew; the caller is its principal.
    function foundCrew(
        address lead,
        address backup,
        uint24 shiftLength,
        CrewTerms calldata terms
    ) external returns (uint16 crew);

    /// @notice Seats a technician who holds the credential; the principal.
    function addMember(uint16 crew, address member) external returns (uint8 seat);

    /// @notice Frees a seat: the principal at any time, anyone once the credential has ended. Open orders stay with the seat.
    function removeMember(uint16 crew, uint8 seat) external;

    /// @notice Says in which of the sixteen shifts of `period` the caller is on duty. Shifts that began stay as they are.
    function setAvailability(uint16 crew, uint8 seat, uint32 period, uint16 shifts) external;
}
