// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CrewRota} from "../../contracts/community/CrewRota.sol";
import {ICrewRota} from "../../contracts/community/interfaces/ICrewRota.sol";
import {CrewTerms} from "../../contracts/community/libraries/TermsWords.sol";
import {ICredentialReader} from "../../contracts/foundation/interfaces/ICredentialReader.sol";
import {MockCredentials} from "../../contracts/mocks/MockCredentials.sol";
import {Test} from "../utils/Test.sol";

/// @notice The half of WorkOrders that knows people, without the 255 faults it takes to fill a member's load.
contract OpenRota is CrewRota {
    constructor(ICredentialReader credentials) CrewRota(credentials) {}

    function assign(uint16 crew, uint16 number) external returns (uint8 level, uint8 seat) {
        return _assign(crew, 1, 0, number, 0);
    }

    function unload(uint16 crew, uint8 seat) external {
        _unload(crew, seat);
    }

    function stepBack(uint16 crew, uint8 seat) external {
        _stepBack(crew, seat);
    }
}

contract CrewRotaTest is Test {
    OpenRota private _rota;
    MockCredentials private _credentials;
    uint16 private _crew;

    function setUp() public {
        _credentials = new MockCredentials();
        _rota = new OpenRota(_credentials);
        _credentials.set(_rota.TECHNICIAN(), address(this), true);
        CrewTerms memory terms = CrewTerms({
            response: 1,
            arrival: 1,
            restore: 1,
            holdMax: 1,
            verifySpan: 1,
            verifyCount: 2,
            verifyWindow: 1,
            confirmWindow: 1,
            warranty: 1
        });
        _crew = _rota.foundCrew(address(1), address(2), 1 hours, terms);
        _rota.addMember(_crew, address(this));
        _rota.setAvailability(_crew, 0, 0, type(uint16).max);
    }

    function _load() private view returns (uint256) {
        return _rota.figuresOf(_crew).loads;
    }

    /// @notice A member's load is a byte: more orders than it counts are assigned all the same, and the next seat's byte
    /// is never touched.
    function test_loadStopsAt255AndAtZero() external {
        for (uint16 number = 1; number < 256; ++number) {
            (uint8 level, uint8 seat) = _rota.assign(_crew, number);
            assertEq(level, 1, "the only member is on duty");
            assertEq(seat, 0, "the only seat");
            assertEq(_load(), number, "one more");
        }
        _rota.assign(_crew, 256);
        assertEq(_load(), 255, "full");
        for (uint256 left = 255; left > 0; --left) {
            _rota.unload(_crew, 0);
            assertEq(_load(), left - 1, "one less");
        }
        _rota.unload(_crew, 0);
        assertEq(_load(), 0, "empty");
    }

    /// @notice A seat that was left is taken first, whoever held it has no say any more, and the crew does not shrink.
    function test_aSeatThatWasLeftIsTakenAgain() external {
        address gone = address(5);
        for (uint160 i = 5; i < 8; ++i) _credentials.set(_rota.TECHNICIAN(), address(i), true);
        assertEq(_rota.addMember(_crew, gone), 1, "the second");
        assertEq(_rota.addMember(_crew, address(6)), 2, "the third");
        assertEq(_rota.figuresOf(_crew).size, 3, "three");
        _rota.removeMember(_crew, 1);
        vm.expectRevert(abi.encodeWithSelector(ICrewRota.CrewNotSeatHolder.selector, _crew, 1, gone));
        vm.prank(gone);
        _rota.setAvailability(_crew, 1, 0, 1);
        assertEq(_rota.addMember(_crew, address(7)), 1, "in the same seat");
        assertEq(_rota.figuresOf(_crew).size, 3, "still three");
    }

    /// @notice In a period that has begun only the shifts to come are changed.
    function test_availabilityOfAPeriodThatHasBegun() external {
        vm.warp(block.timestamp + 17 hours);
        (uint8 level, ) = _rota.assign(_crew, 1);
        assertEq(level, 2, "nobody is on duty");
        _rota.setAvailability(_crew, 0, 1, 0xfffd);
        (level, ) = _rota.assign(_crew, 2);
        assertEq(level, 2, "not in this shift");
        vm.warp(block.timestamp + 1 hours);
        (level, ) = _rota.assign(_crew, 3);
        assertEq(level, 1, "in the next");
        vm.warp(block.timestamp + 14 hours);
        vm.expectRevert(abi.encodeWithSelector(ICrewRota.CrewPeriodOver.selector, _crew, 1));
        _rota.setAvailability(_crew, 0, 1, 1);
    }

    /// @notice Each seat's load has a byte of its own, and each shift a lane of its own, also in later periods.
    function test_everySeatAndEveryShiftHasItsOwnPlace() external {
        _credentials.set(_rota.TECHNICIAN(), address(5), true);
        _rota.addMember(_crew, address(5));
        vm.warp(block.timestamp + 17 hours);
        vm.prank(address(5));
        _rota.setAvailability(_crew, 1, 1, type(uint16).max);
        for (uint16 number = 1; number < 256; ++number) {
            (, uint8 seat) = _rota.assign(_crew, number);
            assertEq(seat, 1, "who is on duty");
            assertEq(_load(), uint256(number) << 8, "one more");
        }
        _rota.assign(_crew, 256);
        assertEq(_load(), 255 << 8, "full");
        _rota.unload(_crew, 1);
        assertEq(_load(), 254 << 8, "one less");
        _rota.unload(_crew, 0);
        assertEq(_load(), 254 << 8, "who has none loses none");

        _rota.stepBack(_crew, 1);
        (, uint32 lost) = _rota.seatOf(_crew, 1);
        assertEq(lost, 1, "a point");
        assertEq(
            _rota.availabilityOf(_crew, 1),
            _everyShiftOf(1) & ~uint256(1 << (1 * 16 + 1)) & ~uint256(1 << 1),
            "this shift"
        );
        (uint8 level, ) = _rota.assign(_crew, 257);
        assertEq(level, 2, "nobody is left");
        vm.warp(block.timestamp + 1 hours);
        (level, ) = _rota.assign(_crew, 258);
        assertEq(level, 1, "until the next shift");
    }

    function _everyShiftOf(uint256 seat) private pure returns (uint256 word) {
        for (uint256 shift; shift < 16; ++shift) word |= 1 << (shift * 16 + seat);
    }
}
