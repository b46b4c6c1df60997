// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CredentialType, ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {CrewFigures, ICrewRota} from "./interfaces/ICrewRota.sol";
import {RotaMath} from "./libraries/RotaMath.sol";
import {CrewTerms, TermsWords} from "./libraries/TermsWords.sol";

/// @title CrewRota
/// @notice Crews, their availability and load; the half of WorkOrders that knows people.
abstract contract CrewRota is ICrewRota {
    struct Seat {
        address holder;
        uint32 pointsLost;
    }

    /// @notice Who may repair: keccak256("publica.technician").
    CredentialType public constant TECHNICIAN = CredentialType.wrap(keccak256("publica.technician"));
    /// @dev Seats that are not on the rota.
    uint8 internal constant LEAD = 252;
    uint8 internal constant PRINCIPAL = 253;
    uint8 internal constant BACKUP = 254;
    ICredentialReader public immutable CREDENTIALS;

    /// @inheritdoc ICrewRota
    uint16 public crewCount;
    mapping(uint16 crew => CrewFigures) internal _figures;
    /// @dev Packed by TermsWords.
    mapping(uint16 crew => uint256) internal _terms;
    /// @dev Keyed by crew 16 | seat 8.
    mapping(uint256 crewAndSeat => Seat) private _seats;
    mapping(uint16 crew => mapping(uint32 period => uint256)) private _availability;

    constructor(ICredentialReader credentials) {
        CREDENTIALS = credentials;
    }

    // read

    /// @inheritdoc ICrewRota
    function figuresOf(uint16 crew) external view returns (CrewFigures memory) {
        return _figures[crew];
    }

    /// @inheritdoc ICrewRota
    function termsOf(uint16 crew) external view returns (CrewTerms memory) {
        return TermsWords.unpackTerms(_terms[crew]);
    }

    /// @inheritdoc ICrewRota
    function seatOf(uint16 crew, uint8 seat) external view returns (address holder, uint32 pointsLost) {
        Seat storage entry = _seatOf(crew, seat);
        return (entry.holder, entry.pointsLost);
    }

    /// @inheritdoc ICrewRota
    function availabilityOf(uint16 crew, uint32 period) external view returns (uint256) {
        return _availability[crew][period];
    }

    // write

    /// @inheritdoc ICrewRota
    function foundCrew(
        address lead,
        address backup,
        uint24 shiftLength,
        CrewTerms calldata terms
    ) external returns (uint16 crew) {
        bool timed = terms.response != 0 && terms.arrival != 0 && terms.restore != 0 && terms.verifySpan != 0;
        timed = timed && terms.holdMax != 0 && terms.verifyWindow != 0 && terms.confirmWindow != 0;
        bool sane = timed && terms.verifyCount > 1 && terms.verifyWindow >= terms.verifySpan && shiftLength >= 1 hours;
        if (!sane || terms.warranty < terms.confirmWindow || lead == address(0) || backup == address(0))
            revert CrewTermsInvalid();
        crew = ++crewCount;
        CrewFigures storage figures = _figures[crew];
        figures.shiftLength = shiftLength;
        figures.epoch = uint32(block.timestamp);
        figures.verifySpan = terms.verifySpan;
        figures.verifyCount = terms.verifyCount;
        _terms[crew] = TermsWords.pack(terms);
        _seatOf(crew, LEAD).holder = lead;
        _seatOf(crew, PRINCIPAL).holder = msg.sender;
        _seatOf(crew, BACKUP).holder = backup;
        emit CrewFounded(crew, msg.sender, lead, backup, shiftLength, terms);
    }

    /// @inheritdoc ICrewRota
    function addMember(uint16 crew, address member) external returns (uint8 seat) {
        if (_seatOf(crew, PRINCIPAL).holder != msg.sender) revert CrewNotPrincipal(crew, msg.sender);
        if (!CREDENTIALS.isValid(TECHNICIAN, member)) revert CrewMemberCredential(member);
        CrewFigures storage figures = _figures[crew];
        while ((figures.active >> seat) & 1 != 0) ++seat;
        if (seat == RotaMath.LANES) revert CrewFull(crew);
        figures.active |= uint16(1 << seat);
        if (seat >= figures.size) figures.size = seat + 1;
        Seat storage entry = _seatOf(crew, seat);
        entry.holder = member;
        entry.pointsLost = 0;
        emit MemberJoined(crew, seat, member);
    }

    /// @inheritdoc ICrewRota
    function removeMember(uint16 crew, uint8 seat) external {
        CrewFigures storage figures = _figures[crew];
        address member = _seatOf(crew, seat).holder;
        if (seat >= RotaMath.LANES || (figures.active >> seat) & 1 == 0) revert CrewNotSeatHolder(crew, seat, member);
        if (_seatOf(crew, PRINCIPAL).holder != msg.sender && CREDENTIALS.isValid(TECHNICIAN, member))
            revert CrewMemberCredential(member);
        figures.active &= ~uint16(1 << seat);
        _seatOf(crew, seat).holder = address(0);
        emit MemberLeft(crew, seat, member);
    }

    /// @inheritdoc ICrewRota
    function setAvailability(uint16 crew, uint8 seat, uint32 period, uint16 shifts) external {
        if (seat >= RotaMath.LANES || _seatOf(crew, seat).holder != msg.sender)
            revert CrewNotSeatHolder(crew, seat, msg.sender);
        if (!CREDENTIALS.isValid(TECHNICIAN, msg.sender)) revert CrewMemberCredential(msg.sender);
        uint256 running = _shift(_figures[crew]);
        uint256 first = uint256(period) * RotaMath.LANES;
        if (first + RotaMath.LANES <= running) revert CrewPeriodOver(crew, period);
        uint256 word = _availability[crew][period];
        for (uint256 i = 0; i < RotaMath.LANES; ++i) {
            if (first + i < running) continue;
            uint256 bit = 1 << (i * RotaMath.LANES + seat);
            word = (shifts >> i) & 1 != 0 ? word | bit : word & ~bit;
        }
        _availability[crew][period] = word;
        emit AvailabilitySet(crew, seat, period, shifts);
    }

    // internal

    function _seatOf(uint16 crew, uint8 seat) internal view returns (Seat storage) {
        return _seats[(uint256(crew) << 8) | seat];
    }

    function _shift(CrewFigures memory figures) private view returns (uint256) {
        return figures.shiftLength == 0 ? 0 : (block.timestamp - figures.epoch) / figures.shiftLength;
    }

    /// @dev Names a member for the order and adds it to the member's load; (1, seat), or (2, LEAD) when nobody is on duty.
    function _assign(
        uint16 crew,
        uint32 device,
        uint8 kind,
        uint16 number,
        uint8 round
    ) internal returns (uint8 level, uint8 seat) {
        CrewFigures memory figures = _figures[crew];
        uint256 shift = _shift(figures);
        uint256 available =
            (_availability[crew][uint32(shift / RotaMath.LANES)] >> ((shift % RotaMath.LANES) * RotaMath.LANES)) &
                figures.active;
        bool found;
        (found, seat) = RotaMath.pick(
            available,
            figures.loads,
            figures.size,
            RotaMath.start(device, kind, number, round, shift, figures.size)
        );
        if (!found) return (2, LEAD);
        if ((figures.loads >> (uint256(seat) * 8)) & 0xff != 0xff)
            _figures[crew].loads = figures.loads + uint128(1 << (uint256(seat) * 8));
        return (1, seat);
    }

    /// @dev Takes an order off a member's load.
    function _unload(uint16 crew, uint8 seat) internal {
        if (seat >= RotaMath.LANES) return;
        uint128 loads = _figures[crew].loads;
        uint128 one = uint128(1 << (uint256(seat) * 8));
        if ((loads >> (uint256(seat) * 8)) & 0xff != 0) _figures[crew].loads = loads - one;
    }

    /// @dev Declining costs a rota point and the rest of the shift.
    function _stepBack(uint16 crew, uint8 seat) internal {
        uint256 shift = _shift(_figures[crew]);
        _availability[crew][uint32(shift / RotaMath.LANES)] &=
            ~(1 << ((shift % RotaMath.LANES) * RotaMath.LANES + seat));
        emit RotaPointLost(crew, seat, ++_seatOf(crew, seat).pointsLost);
    }
}
